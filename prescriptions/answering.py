"""The doctor's answer as it is typed: rows that come and go, alerts beside them, and nothing lost on the way."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, Self

from django.core.exceptions import BadRequest
from django.http import QueryDict

from prescriptions.check import check_items
from prescriptions.forms import MAX_PRESCRIPTIONS, AnswerForm, PrescriptionForm, PrescriptionFormSet
from prescriptions.issue import Proposal
from prescriptions.safety import Alert, Chart, ProposedItem
from prescriptions.wording import ComputedQuantity, computed_quantity

ANSWER, ITEMS = "answer", "items"
_CHECKED = {"medication": "medication_name", "dose": "dose", "route": "route", "frequency": "frequency"}


@dataclass(frozen=True)
class Row:
    """One prescription row of the page with the alerts that concern it."""

    form: PrescriptionForm
    alerts: Sequence[Alert] = ()

    @property
    def needs_reason(self) -> bool:
        """Whether an alert can only be overridden with a written reason."""
        return any(alert.severity == "contraindicated" for alert in self.alerts)

    @property
    def needs_choice(self) -> bool:
        """Whether an alert must at least be acknowledged."""
        return any(alert.severity == "serious" for alert in self.alerts)

    @property
    def computed(self) -> ComputedQuantity | None:
        """The quantity as it follows from dose, frequency and duration, with how it was read; None when unclear."""
        values = [str(self.form[name].value() or "") for name in ("dose", "frequency", "duration")]
        return computed_quantity(*values)

    @property
    def quantity_differs(self) -> bool:
        """Whether another quantity was typed than the one that follows."""
        computed, typed = self.computed, str(self.form["quantity"].value() or "").strip()
        try:
            return bool(computed and typed and Decimal(typed) != computed.quantity)
        except InvalidOperation:
            return False  # no number: the form says so


@dataclass
class Draft:
    """The answer form and the prescription rows of one page."""

    answer: AnswerForm
    formset: Any
    alerts: Mapping[int, list[Alert]] = field(default_factory=dict)

    @classmethod
    def empty(cls) -> Self:
        """A page that was just opened."""
        return cls(AnswerForm(prefix=ANSWER), PrescriptionFormSet(prefix=ITEMS))

    @classmethod
    def submitted(cls, data: QueryDict) -> Self:
        """What was sent, to be validated."""
        return cls(AnswerForm(data, prefix=ANSWER), PrescriptionFormSet(data, prefix=ITEMS))

    @classmethod
    def retyped(cls, data: QueryDict, *, add: bool = False, without: int | None = None) -> Self:
        """What was typed, not yet judged, with one row more or one less. Raises BadRequest for a damaged form."""
        typed = {name: data.get(f"{ANSWER}-{name}", "") for name in AnswerForm.base_fields}
        try:
            total = min(int(data.get(f"{ITEMS}-TOTAL_FORMS", "0")), MAX_PRESCRIPTIONS)
        except ValueError:
            raise BadRequest("The form is damaged.") from None
        rows: list[dict[str, Any]] = [
            {name: data.get(f"{ITEMS}-{row}-{name}", "") for name in PrescriptionForm.base_fields}
            for row in range(total)
            if row != without
        ]
        if add and len(rows) < MAX_PRESCRIPTIONS:
            rows.append({})
        return cls(AnswerForm(prefix=ANSWER, initial=typed), PrescriptionFormSet(prefix=ITEMS, initial=rows))

    def is_valid(self) -> bool:
        """Whether both the answer and every row are in order; all errors are found at once."""
        answer, rows = self.answer.is_valid(), self.formset.is_valid()
        return bool(answer and rows)

    def proposals(self) -> dict[int, Proposal]:
        """The valid medicines by the number of their row; empty rows are left out."""
        found = ((number, form.proposal()) for number, form in enumerate(self.formset))
        return {number: proposal for number, proposal in found if proposal is not None}

    def check(self, chart: Chart) -> None:
        """Put every alert beside the row it concerns; rows count as they are typed, whether in order yet or not."""
        typed = {
            number: ProposedItem(**{part: str(form[name].value() or "") for part, name in _CHECKED.items()})
            for number, form in enumerate(self.formset)
            if str(form["medication_name"].value() or "").strip()
        }
        numbers = list(typed)
        alerts: dict[int, list[Alert]] = {}
        found = check_items(list(typed.values()), chart) if typed else []
        for alert in found:
            alerts.setdefault(numbers[alert.item], []).append(alert)
        self.alerts = alerts

    def rows(self) -> list[Row]:
        """The rows for the page."""
        return [Row(form, self.alerts.get(number, [])) for number, form in enumerate(self.formset)]

    def unsettled(self) -> list[Alert]:
        """Alerts to which the doctor has not said why they go on."""
        proposals = self.proposals()
        return [alert for row, alerts in self.alerts.items() for alert in alerts if not proposals[row].settles(alert)]
