"""The safety check against the chart as it stands in the database."""

from collections.abc import Sequence

from accounts.models import User
from prescriptions.safety import Alert, Chart, ChartAllergy, ChartMedication, ProposedItem, check
from records.models import Allergy, MedicalInfo, Medication

SEVERITIES = ("contraindicated", "serious", "caution", "unchecked")


def chart_of(patient: User, *, by: User) -> Chart:
    """What the check may know of the patient, as far as this doctor may see it.

    Refuted allergies do not count. A medication of unknown state (imported) counts as taken: missing an interaction is
    worse than mentioning one that no longer matters.
    """
    allergies = list(Allergy.objects.visible_to(by).of_patient(patient).standing().exclude(certainty="refuted"))
    info = MedicalInfo.objects.visible_to(by).filter(patient=patient).first()
    medications = Medication.objects.visible_to(by).of_patient(patient).standing().exclude(is_active=False)
    return chart_from(patient, info=info, allergies=allergies, medications=list(medications))


def chart_from(
    patient: User, *, info: MedicalInfo | None, allergies: Sequence[Allergy], medications: Sequence[Medication]
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
        medications=[
            ChartMedication(name=medication.medication_name, dose=medication.dosage or "")
            for medication in medications
            if medication.is_active is not False
        ],
        age=patient.age(),
        sex=(info.sex or "") if info else "",
    )


def check_items(items: Sequence[ProposedItem], chart: Chart) -> list[Alert]:
    """Every alert for the proposed medicines, the most severe first."""
    return sorted(check(items, chart), key=lambda alert: SEVERITIES.index(alert.severity))
