"""How much in a day is read from what a doctor wrote, and when it is said to be too much."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prescriptions.safety import Alert, Chart, ProposedItem, check
from prescriptions.safety.amounts import daily_amount, times_a_day


def alerts(item: ProposedItem, age: int | None = 40) -> list[Alert]:
    """Those about the dose."""
    return [alert for alert in check([item], Chart(allergies=(), age=age)) if alert.kind == "dose"]


@pytest.mark.parametrize(
    ("medication", "dose", "frequency", "milligrams"),
    [
        ("Paracetamol 500 mg tablets", "2 tablets", "four times a day", 4000),
        ("Paracetamol 500 mg tablets", "1-2 tablets", "every 4 to 6 hours when needed", 6000),
        ("Paracetamol 500 mg", "one or two tablets", "QDS", 4000),
        ("Paracetamol", "1 g", "QDS PRN", 4000),
        ("Ibuprofen", "400 mg", "TDS", 1200),
        ("Ibuprofen 400mg", "400mg", "three times a day after food", 1200),
        ("Digoxin", "125 micrograms", "once a day", "0.125"),
        ("Levothyroxine 100 mcg", "1 tablet", "every morning", "0.1"),
        ("Zopiclone 7.5 mg", "1 tablet", "at night", "7.5"),
        ("Metformin 500 mg", "2 tablets", "morning and evening", 2000),
        ("paracetamol 1 g QDS", "", "", 4000),
        ("ibuprofen 200 mg 2 tablets three times a day", "", "", 1200),
        ("Prednisolone 5 mg", "half a tablet", "daily", "2.5"),
    ],
)
def test_the_amount_of_a_day_is_read_at_its_upper_end(
    medication: str, dose: str, frequency: str, milligrams: int | str
) -> None:
    found = daily_amount(ProposedItem(medication, dose=dose, frequency=frequency))
    assert found is not None
    assert found.milligrams == Decimal(milligrams)


@pytest.mark.parametrize(
    ("medication", "dose", "frequency"),
    [
        ("Amoxicillin 250 mg/5 mL", "5 mL", "TDS"),
        ("Paracetamol", "15 mg/kg", "every 6 hours"),
        ("Paracetamol", "1,000 mg", "QDS"),
        ("Co-codamol 30/500", "2 tablets", "QDS"),
        ("Paracetamol 500 mg", "2 tablets", "when needed"),
        ("Paracetamol 500 mg", "as before", "daily"),
        ("Paracetamol", "2 tablets", "QDS"),
        ("Insulin glargine", "10 units", "at night"),
        ("", "", ""),
    ],
)
def test_what_is_not_certain_has_no_amount(medication: str, dose: str, frequency: str) -> None:
    assert daily_amount(ProposedItem(medication, dose=dose, frequency=frequency)) is None


@pytest.mark.parametrize(
    ("text", "times"),
    [
        ("weekly", Fraction(1, 7)),
        ("once a week on Mondays", Fraction(1, 7)),
        ("twice a week", Fraction(2, 7)),
        ("every other day", Fraction(1, 2)),
        ("BD", Fraction(2)),
        ("q6h", Fraction(4)),
        ("nightly", Fraction(1)),
        ("when the moon is full", None),
    ],
)
def test_how_often_is_read_for_certain_or_not_at_all(text: str, times: Fraction | None) -> None:
    assert times_a_day(text) == times


def test_an_alert_says_the_limit_the_amount_as_read_and_its_source() -> None:
    (alert,) = alerts(ProposedItem("Paracetamol 500 mg", dose="4 tablets", frequency="QDS"))
    assert alert.title == "Paracetamol: more than 4000 mg in a day"
    assert "8000 mg in a day as read" in alert.evidence
    assert alert.severity == "serious"
    assert alert.source


def test_the_limit_itself_is_no_alert() -> None:
    assert alerts(ProposedItem("Paracetamol 500 mg", dose="2 tablets", frequency="QDS")) == []


def test_an_older_patient_has_the_lower_limit_and_hears_it_once() -> None:
    item = ProposedItem("Citalopram", dose="30 mg", frequency="daily")
    assert alerts(item, age=64) == []
    (alert,) = alerts(item, age=65)
    assert "20 mg" in alert.title


def test_without_an_age_the_limit_for_adults_holds() -> None:
    item = ProposedItem("Citalopram", dose="60 mg", frequency="daily")
    (alert,) = alerts(item, age=None)
    assert "40 mg" in alert.title


def test_methotrexate_every_day_is_contraindicated_and_weekly_is_not() -> None:
    (alert,) = alerts(ProposedItem("Methotrexate 2.5 mg", dose="4 tablets", frequency="daily"))
    assert (alert.severity, alert.title) == ("contraindicated", "Methotrexate every day")
    assert alerts(ProposedItem("Methotrexate 2.5 mg", dose="4 tablets", frequency="once a week")) == []


def test_what_is_given_on_the_skin_or_combined_is_not_added_up() -> None:
    assert alerts(ProposedItem("Ibuprofen gel", dose="5 g", frequency="TDS", route="on the skin")) == []
    assert alerts(ProposedItem("Co-codamol 30 mg", dose="10 tablets", frequency="QDS")) == []


@given(st.text(max_size=60), st.text(max_size=40), st.text(max_size=40))
def test_nothing_that_can_be_typed_makes_it_fail(medication: str, dose: str, frequency: str) -> None:
    found = daily_amount(ProposedItem(medication, dose=dose, frequency=frequency))
    assert found is None or (found.milligrams >= 0 and found.times > 0)
