"""The patients whom a person may see, and what stands above every page about one of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db.models import BooleanField, ExpressionWrapper, Q
from django.db.models.expressions import Combinable
from django.urls import reverse

from accounts.models import User, UserQuerySet
from records.models import Allergy, CareRelation, MedicalInfo
from records.models.care import cares_for, waits_for_anybody


def patients_visible_to(user: User) -> UserQuerySet:
    """The patients whose chart this person may see, each with ``is_break_glass``: by emergency access only."""
    patients: UserQuerySet = User.objects.patients()
    in_emergency_only: Combinable = ExpressionWrapper(Q(pk__in=[]), output_field=BooleanField())
    match user.database_role:
        case "admin":
            pass
        case "doctor":
            patients = patients.filter(waits_for_anybody(patient="pk") | cares_for(user, patient="pk"))
            in_emergency_only = by_emergency_access_only(user, patient="pk")
        case "patient":
            patients = patients.filter(pk=user.pk)
        case _:
            patients = patients.none()
    return patients.annotate(is_break_glass=in_emergency_only)


def by_emergency_access_only(doctor: User, *, patient: str = "patient_id") -> Combinable:
    """The condition that a doctor sees the patient named by this column in an emergency, and for no other reason."""
    for_care = waits_for_anybody(patient=patient) | cares_for(
        doctor, patient=patient, without=CareRelation.Kind.BREAK_GLASS
    )
    return ExpressionWrapper(~for_care, output_field=BooleanField())


def why_seen(patient: User) -> str:
    """Why a doctor sees this patient (from ``patients_visible_to``): 'care', or 'break_glass' if for nothing else."""
    return "break_glass" if vars(patient)["is_break_glass"] else "care"


@dataclass(frozen=True)
class Banner:
    """What the patient banner shows. Listed, stated to be none and never asked are three different things."""

    person: User
    born: date | None
    sex: str
    record_number: int
    allergies: list[Allergy]
    nka_stated_on: date | None
    allergies_asked: bool
    chart_url: str = ""
    photo_url: str = ""


def banner_of(patient: User, *, info: MedicalInfo | None, allergies: Iterable[Allergy], chart_url: str = "") -> Banner:
    """The banner from rows that were loaded already. Refuted allergies are none, but they were asked about."""
    standing = [allergy for allergy in allergies if allergy.entered_in_error_at is None]
    return Banner(
        person=patient,
        born=patient.date_of_birth,
        sex=info.get_sex_display() if info and info.sex else "",
        record_number=patient.record_number,
        allergies=[allergy for allergy in standing if allergy.certainty != Allergy.Certainty.REFUTED],
        nka_stated_on=info.no_known_allergies_on if info else None,
        allergies_asked=bool(standing),
        chart_url=chart_url,
        # With the file's id, so that a browser shows another photo when there is one.
        photo_url=f"{reverse('records:photo', args=[patient.pk])}?{patient.photo_file}" if patient.photo_file else "",
    )
