"""The chart with what one needs to change it: every entry with its version, its source, and if it is struck out."""

from collections.abc import Callable, Iterable
from typing import Annotated, Any, Literal, TypedDict

from accounts.models import User
from medichat.api.shapes import Day, Id, Measure, OneOf, PlainDay, Timestamp
from medichat.api.values import day, decimal, timestamp
from medichat.api.versions import version_of
from records.access import OpenChart
from records.api import bodies
from records.kinds import Kind, is_past
from records.models import Allergy, ChartEntry, EmergencyContact, MedicalHistory, MedicalInfo, Medication, Source

KindName = Literal["allergies", "medicines", "conditions", "vitals", "operations", "family", "social", "vaccinations"]
Shown = (
    bodies.AllergyBody
    | bodies.MedicationBody
    | bodies.HistoryBody
    | bodies.SurgeryBody
    | bodies.FamilyBody
    | bodies.ImmunizationBody
    | bodies.VitalsBody
    | bodies.SocialBody
)
SHOWN: dict[str, Callable[[Any], Any]] = {
    "allergies": bodies.allergy,
    "medicines": bodies.medication,
    "conditions": bodies.history,
    "vitals": bodies.vitals,
    "social": bodies.social,
    "operations": bodies.surgery,
    "family": bodies.family,
    "vaccinations": bodies.immunization,
}


class StruckOutBody(TypedDict):
    """When, by whom and why an entry was struck out; ``by`` is null where the name is not to be seen."""

    at: Timestamp
    by: str | None
    reason: str


class EntryBody(TypedDict):
    """An entry of the chart. ``etag`` is its version; ``recordedBy`` is null where the name is not to be seen."""

    id: Id
    kind: KindName
    etag: str
    name: str
    isPast: bool
    source: Annotated[str, OneOf(Source)]
    recordedBy: str | None
    mayBeChanged: bool
    enteredInError: StruckOutBody | None
    details: Shown


class EntriesBody(TypedDict):
    """The entries of each kind."""

    allergies: list[EntryBody]
    medicines: list[EntryBody]
    conditions: list[EntryBody]
    vitals: list[EntryBody]
    operations: list[EntryBody]
    family: list[EntryBody]
    social: list[EntryBody]
    vaccinations: list[EntryBody]


class NoneStatedBody(TypedDict):
    """The days on which it was stated that there is nothing of a kind; null where it was not, or is not so any more."""

    allergies: PlainDay | None
    medicines: PlainDay | None
    conditions: PlainDay | None


class AboutBody(TypedDict):
    """Body, habits and services. ``etag`` is its version."""

    etag: str
    sex: Annotated[str, OneOf(MedicalInfo.Sex)] | None
    bloodType: Annotated[str, OneOf(MedicalInfo.BloodType)] | None
    heightCm: Measure | None
    heightText: str | None
    weightKg: Measure | None
    weightText: str | None
    smokingStatus: Annotated[str, OneOf(MedicalInfo.Smoking)] | None
    alcoholConsumption: Annotated[str, OneOf(MedicalInfo.Alcohol)] | None
    exerciseFrequency: Annotated[str, OneOf(MedicalInfo.Exercise)] | None
    preferredLanguage: str | None
    primaryPhysician: str | None
    pharmacyName: str | None
    pharmacyPhone: str | None
    insuranceProvider: str | None
    insurancePolicyNumber: str | None
    insuranceGroupNumber: str | None


class VersionedContactBody(bodies.ContactBody):
    """Somebody to call. ``etag`` is its version."""

    etag: str


class WhoseChartBody(TypedDict):
    """Whose chart it is."""

    id: Id
    firstName: str
    lastName: str
    dateOfBirth: Day | None
    recordNumber: int


class WholeChartBody(TypedDict):
    """A chart. ``why`` is why it may be seen."""

    patient: WhoseChartBody
    why: Literal["own", "care", "break_glass"]
    entries: EntriesBody
    noneStated: NoneStatedBody
    about: AboutBody
    contacts: list[VersionedContactBody]


def entry(row: ChartEntry, kind: Kind, chart: OpenChart) -> EntryBody:
    """An entry as this reader may see it."""
    struck_out = None
    if row.entered_in_error_at is not None:
        struck_out = StruckOutBody(
            at=timestamp(row.entered_in_error_at),
            by=_name(row.entered_in_error_by if row.entered_in_error_by_id else None),
            reason=row.entered_in_error_reason,
        )
    details = SHOWN[kind.slug](row)
    return EntryBody(
        id=str(row.pk),
        kind=kind.slug,  # type: ignore[typeddict-item]  # the slugs of KINDS
        etag=version_of({**details, "struck": struck_out, "updated": row.updated_at}),
        name=kind.columns[0][1](row),
        isPast=is_past(row),
        source=row.source,
        recordedBy=_name(row.recorded_by if row.recorded_by_id else None),
        mayBeChanged=struck_out is None and row.may_be_changed_by(chart.by),
        enteredInError=struck_out,
        details=details,
    )


def about(info: MedicalInfo | None) -> AboutBody:
    """Body, habits and services."""
    row = info or MedicalInfo()
    body = AboutBody(
        etag="",
        sex=row.sex,
        bloodType=row.blood_type,
        heightCm=decimal(row.height_cm),
        heightText=row.height_text,
        weightKg=decimal(row.weight_kg),
        weightText=row.weight_text,
        smokingStatus=row.smoking,
        alcoholConsumption=row.alcohol,
        exerciseFrequency=row.exercise,
        preferredLanguage=row.preferred_language,
        primaryPhysician=row.primary_physician,
        pharmacyName=row.pharmacy_name,
        pharmacyPhone=row.pharmacy_phone,
        insuranceProvider=row.insurance_provider,
        insurancePolicyNumber=row.insurance_policy_number,
        insuranceGroupNumber=row.insurance_group_number,
    )
    body["etag"] = version_of(body)
    return body


def contact(row: EmergencyContact) -> VersionedContactBody:
    """Somebody to call."""
    body = bodies.contact(row)
    return VersionedContactBody(**body, etag=version_of(body))


def none_stated(info: MedicalInfo | None, standing: Iterable[ChartEntry]) -> NoneStatedBody:
    """What was stated not to be there, and is not."""
    said = {type(row) for row in standing if row.says_something}

    def stated(model: type[ChartEntry]) -> str | None:
        value = getattr(info, model.statement) if info and model not in said else None
        return value.isoformat() if value else None

    return NoneStatedBody(allergies=stated(Allergy), medicines=stated(Medication), conditions=stated(MedicalHistory))


def whose(patient: User) -> WhoseChartBody:
    """Whose chart it is."""
    return WhoseChartBody(
        id=str(patient.pk),
        firstName=patient.first_name,
        lastName=patient.last_name,
        dateOfBirth=day(patient.date_of_birth),
        recordNumber=patient.record_number,
    )


def _name(someone: User | None) -> str | None:
    """A name; null for who is out of the reader's sight."""
    return str(someone) if someone else None
