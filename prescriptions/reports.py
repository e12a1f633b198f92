"""Reports about prescriptions: how often each medicine was prescribed, and to whom."""

from typing import Any

from django import forms
from django.db.models import Count, Max, TextField, Value
from django.db.models.functions import Cast, Collate

from accounts.models import User
from medichat.templatetags.clinical import clinical_date, dose
from prescriptions.models import Prescription
from records.models.entry import normalised
from records.reporting import Answer, Column, Figures, Listing, PeriodForm, report, within

MOST_MEDICINES = 500


class PrescriptionsForm(PeriodForm):
    """Which medicine, and when."""

    medicine = forms.CharField(
        label="Medicine",
        max_length=200,
        required=False,
        help_text="Exactly as prescribed; empty counts every medicine.",
    )
    field_order = ["medicine", "since", "until"]


def _amount(one: Prescription) -> str:
    return f"{one.quantity.normalize():f} {one.quantity_unit}".strip() if one.quantity is not None else ""


@report(
    "prescriptions", "Prescriptions by medicine", icon="pill", form=PrescriptionsForm,
    about="How often each medicine was prescribed in this time; with a medicine, every prescription of it.",
)  # fmt: skip
def prescriptions(asker: User, asked: dict[str, Any]) -> Answer:
    """Counted by name, or listed for one."""
    begin, end = within(asked)
    issued = Prescription.objects.visible_to(asker).filter(issued_on__gte=begin, issued_on__lt=end)
    name = " ".join(asked["medicine"].split())
    if name:
        named = issued.filter(name_normalised=normalised(Cast(Value(name), TextField()))).select_related("doctor")
        columns = [
            Column("Medicine", lambda one: dose(one.medication_name)),
            Column("Dose", lambda one: dose(one.dose)),
            Column("How often", lambda one: one.frequency),
            Column("Quantity", _amount),
            Column("Issued", lambda one: clinical_date(one.issued_on)),
            Column("State", lambda one: one.state.capitalize()),
            Column("Prescriber", lambda one: str(one.doctor) if one.doctor else ""),
        ]
        return Listing(named, columns, caption=f"Prescriptions of {name}")
    counted = (
        issued.order_by()
        .values("name_normalised")
        .annotate(
            shown=Max(Collate("medication_name", "C")), number=Count("pk"), patients=Count("patient", distinct=True),
            latest=Max("issued_on"),
        )
        .order_by("-number", "name_normalised")[: MOST_MEDICINES + 1]
    )  # fmt: skip
    rows = list(counted)
    return Figures(
        headings=["Medicine", "Prescriptions", "Patients", "Latest"],
        rows=[
            [dose(row["shown"]), str(row["number"]), str(row["patients"]), clinical_date(row["latest"])]
            for row in rows[:MOST_MEDICINES]
        ],
        caption=f"Prescribed from {clinical_date(begin)} to {clinical_date(asked['until'])}",
        note=f"The {MOST_MEDICINES} most frequent are shown." if len(rows) > MOST_MEDICINES else "",
    )
