"""The safety check against the chart as it stands in the database."""

from collections.abc import Sequence

from accounts.models import User
from prescriptions.models import Prescription
from prescriptions.pregnancy import Pregnancy, pregnancy_of
from prescriptions.safety import Alert, Chart, ChartAllergy, ChartMedication, ProposedItem, check
from records.models import Allergy, MedicalInfo, Medication

SEVERITIES = ("contraindicated", "serious", "caution", "unchecked")


def chart_of(patient: User, *, by: User, renewing: Prescription | None = None) -> Chart:
    """What the check may know of the patient, as far as this doctor may see it.

    ``renewing`` is going to be continued by what is checked: it is not taken beside it, and neither is an entry of the
    chart by the same name.

    Refuted allergies do not count. A medication of unknown state (imported) counts as taken: missing an interaction is
    worse than mentioning one that no longer matters. What was prescribed at an earlier visit counts like the chart.
    """
    allergies = list(Allergy.objects.visible_to(by).of_patient(patient).standing())
    info = MedicalInfo.objects.visible_to(by).filter(patient=patient).first()
    medications = Medication.objects.visible_to(by).of_patient(patient).standing().exclude(is_active=False)
    prescribed = Prescription.objects.visible_to(by).filter(patient=patient).maybe_taken()
    if renewing is not None:
        medications = medications.exclude(medication_name__iexact=renewing.medication_name)
        prescribed = prescribed.exclude(pk=renewing.pk)
    return chart_from(
        patient,
        info=info,
        allergies=allergies,
        medications=list(medications),
        prescribed=list(prescribed),
        pregnancy=pregnancy_of(patient, by=by),
    )


def chart_from(
    patient: User,
    *,
    info: MedicalInfo | None,
    allergies: Sequence[Allergy],
    medications: Sequence[Medication],
    prescribed: Sequence[Prescription],
    pregnancy: Pregnancy,
) -> Chart:
    """The same from rows that were loaded already."""
    asked = bool(allergies) or bool(info and info.no_known_allergies_on)
    return Chart(
        allergies=[
            ChartAllergy(
                allergen=allergy.allergen,
                reaction=allergy.reaction or "",
                severity=allergy.severity or "",
                certainty=allergy.certainty or "",
            )
            for allergy in allergies
            if allergy.certainty != Allergy.Certainty.REFUTED
        ]
        if asked
        else None,
        medications=_taken(medications, prescribed),
        age=patient.age(),
        sex=(info.sex or "") if info else "",
        pregnant=pregnancy.pregnant,
        pregnancy_evidence=pregnancy.evidence,
    )


def _taken(medications: Sequence[Medication], prescribed: Sequence[Prescription]) -> list[ChartMedication]:
    """The chart's medicines and those prescribed; the same name is said once."""
    taken = [
        ChartMedication(name=medication.medication_name, dose=medication.dosage or "")
        for medication in medications
        if medication.is_active is not False
    ]
    names = {medicine.name.casefold() for medicine in taken}
    for prescription in prescribed:
        if prescription.may_be_taken and prescription.medication_name.casefold() not in names:
            names.add(prescription.medication_name.casefold())
            taken.append(ChartMedication(name=prescription.medication_name, dose=prescription.dose))
    return taken


def check_items(items: Sequence[ProposedItem], chart: Chart) -> list[Alert]:
    """Every alert for the proposed medicines, the most severe first."""
    return sorted(check(items, chart), key=lambda alert: SEVERITIES.index(alert.severity))
