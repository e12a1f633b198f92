"""Abbreviations, doses and quantities in words: what is known is said, what is not certain stays as it was written."""

import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medichat.doses import THIN_SPACE, tidy_dose
from prescriptions.wording import (
    computed_quantity,
    directions_in_words,
    frequency_in_words,
    plain_figure,
    quantity_in_words,
    route_in_words,
)


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("OD", "once a day"),
        ("QD", "once a day"),
        ("BD", "twice a day"),
        ("BID", "twice a day"),
        ("b.i.d.", "twice a day"),
        ("TDS", "three times a day"),
        ("tid", "three times a day"),
        ("QDS", "four times a day"),
        ("QID", "four times a day"),
        ("PRN", "when needed"),
        ("nocte", "at night"),
        ("mane", "in the morning"),
        ("q6h", "every 6 hours"),
        ("q8h", "every 8 hours"),
        ("q 4-6 hrs", "every 4 to 6 hours"),
        ("8 hourly", "every 8 hours"),
        ("q1h", "every hour"),
        ("stat", "immediately"),
        ("ac", "before food"),
        ("pc", "after food"),
        ("BD pc", "twice a day after food"),
        ("AC&HS", "before food and at bedtime"),
        ("q6h PRN", "every 6 hours when needed"),
        ("QID prn pain", "four times a day when needed for pain"),
        ("TDS with food", "three times a day with food"),
        ("qod", "every other day"),
    ],
)
def test_a_known_frequency_is_written_in_words(written: str, words: str) -> None:
    assert frequency_in_words(written) == words


@pytest.mark.parametrize(
    "written",
    [
        "three times a day",
        "Once weekly",
        "1-0-1",
        "BD x 5/7",
        "as directed",
        "TDS reducing",
        "",
        "biw",
        "5/7",
        "OD-BD",
        "AC/PC",
        "2+2",
    ],
)
def test_words_and_whatever_is_not_fully_understood_pass_through_unchanged(written: str) -> None:
    assert frequency_in_words(written) == written


@pytest.mark.parametrize(("written", "words"), [("PO", "by mouth"), ("p.o.", "by mouth"), ("SC", "under the skin")])
def test_a_known_route_is_written_in_words(written: str, words: str) -> None:
    assert route_in_words(written) == words


@pytest.mark.parametrize("written", ["OD", "OS", "by mouth", "", "into the left knee"])
def test_an_ambiguous_or_unknown_route_passes_through_unchanged(written: str) -> None:
    assert route_in_words(written) == written


@pytest.mark.parametrize(
    ("written", "tidy"),
    [
        ("5.0 mg", "5 mg"),
        ("5mg", "5 mg"),
        (".5 mg", "0.5 mg"),
        ("0.50 mg", "0.5 mg"),
        ("50mcg", "50 micrograms"),
        ("1 µg", "1 microgram"),
        ("1 μg", "1 microgram"),
        ("10U", "10 units"),
        ("10 IU", "10 units"),
        ("1 IU", "1 unit"),
        ("5 mcg/kg/min", "5 micrograms/kg/min"),
        ("100 u/ml", "100 units/ml"),
        ("5 cc", "5 mL"),
        ("125.0mg/5ml", "125 mg/5 ml"),
        ("1.0 tablet", "1 tablet"),
        ("1.0-2.0 mg", "1-2 mg"),
        ("500 mg QD", "500 mg daily"),
        ("1000 mg", "1000 mg"),
    ],
)
def test_a_dose_is_tidied(written: str, tidy: str) -> None:
    assert tidy_dose(written).replace(THIN_SPACE, " ") == tidy


def test_a_figure_and_its_unit_are_joined_by_a_thin_space_that_does_not_break() -> None:
    assert tidy_dose("5mg") == "5\u202fmg"


@pytest.mark.parametrize(
    "written", ["2,50 mg", "1,000.0 mg", "1 .5mg", "3 M.U.", "½ tablet", "one tablet", "", "1 drop OD", "U-100"]
)
def test_a_dose_that_could_be_read_in_two_ways_stays_as_written(written: str) -> None:
    assert tidy_dose(written) == written


def figures(text: str) -> list[Decimal]:
    return [Decimal(figure) for figure in re.findall(r"\d*\.?\d+", text)]


UNITS = st.sampled_from(
    ["mg", "mcg", "µg", "g", "mL", "ml", "U", "IU", "units", "mmol", "%", "tablets", "", "QD", "/kg"]
)
NUMBERS = st.from_regex(r"\A(?:[0-9]{1,4}(?:\.[0-9]{1,3})?|\.[0-9]{1,3})\Z")
DOSES = st.lists(st.tuples(NUMBERS, st.sampled_from(["", " ", "  "]), UNITS), min_size=1, max_size=3).map(
    lambda parts: " / ".join(f"{number}{space}{unit}" for number, space, unit in parts)
)


@given(DOSES)
def test_tidying_never_changes_the_value_of_a_figure(dose: str) -> None:
    assert figures(tidy_dose(dose)) == figures(dose)


@given(st.text(alphabet=" .,-/0123456789mgcuUIµLkQDODabt", max_size=30))
def test_tidying_any_text_keeps_the_digits_that_count(dose: str) -> None:
    def significant(text: str) -> str:
        without_zeros = re.sub(r"(?<=\d)\.(\d*?)0+(?!\d)", r".\1", text)
        return re.sub(r"[^1-9]", "", without_zeros)

    assert significant(tidy_dose(dose)) == significant(dose)


@given(DOSES)
def test_tidying_twice_is_tidying_once(dose: str) -> None:
    assert tidy_dose(tidy_dose(dose)) == tidy_dose(dose)


@given(st.text(max_size=40))
def test_the_figures_of_a_frequency_never_change(frequency: str) -> None:
    def ascii_figures(text: str) -> list[str]:
        return re.findall(r"[0-9]+", text)

    words = frequency_in_words(frequency)
    if ascii_figures(frequency) != ["1"]:  # 'q1h' becomes 'every hour'
        assert ascii_figures(words) == ascii_figures(frequency)


@pytest.mark.parametrize(
    ("quantity", "words"),
    [
        ("0", "zero"),
        ("1", "one"),
        ("14", "fourteen"),
        ("21", "twenty-one"),
        ("40", "forty"),
        ("100", "one hundred"),
        ("105", "one hundred and five"),
        ("999", "nine hundred and ninety-nine"),
        ("1000", "one thousand"),
        ("1020", "one thousand and twenty"),
        ("1100", "one thousand one hundred"),
        ("9999", "nine thousand nine hundred and ninety-nine"),
        ("2.50", "two point five"),
        ("0.05", "zero point zero five"),
        ("1E+2", "one hundred"),
    ],
)
def test_a_quantity_is_written_in_words(quantity: str, words: str) -> None:
    assert quantity_in_words(Decimal(quantity)) == words


@pytest.mark.parametrize("quantity", ["-1", "10000", "9999.5", "NaN", "Infinity"])
def test_a_quantity_out_of_range_is_refused(quantity: str) -> None:
    with pytest.raises(ValueError, match="from 0 to 9999"):
        quantity_in_words(Decimal(quantity))


@given(st.integers(min_value=0, max_value=9998))
def test_no_two_quantities_have_the_same_words(number: int) -> None:
    assert quantity_in_words(Decimal(number)) != quantity_in_words(Decimal(number + 1))


@pytest.mark.parametrize(("quantity", "figure"), [("21.00", "21"), ("0.50", "0.5"), ("100", "100"), ("-0", "0")])
def test_a_figure_has_no_trailing_zeros(quantity: str, figure: str) -> None:
    assert plain_figure(Decimal(quantity)) == figure


@pytest.mark.parametrize(
    ("dose", "frequency", "duration", "quantity", "reading"),
    [
        ("1 tablet", "TDS", "5 days", "15", "1 tablet three times a day for 5 days = 15"),
        ("1 tablet", "three times a day", "for 5 days", "15", "1 tablet three times a day for 5 days = 15"),
        ("2 tabs", "q6h", "1 week", "56", "2 tabs every 6 hours for 7 days = 56"),
        ("half a tablet", "BD", "5 days", "5", "half a tablet twice a day for 5 days = 5"),
        ("½ tablet", "OD", "6 days", "3", "½ tablet once a day for 6 days = 3"),
        ("one capsule", "nocte", "2 weeks", "14", "one capsule at night for 14 days = 14"),
        ("10 mL", "BD", "7 days", "140", "10 mL twice a day for 7 days = 140"),
        ("2.5 ml", "OD", "5 days", "12.5", "2.5 ml once a day for 5 days = 12.5"),
        ("1 tablet", "weekly", "4 weeks", "4", "1 tablet weekly for 28 days = 4"),
    ],
)
def test_a_certain_quantity_is_computed_with_its_reading(
    dose: str, frequency: str, duration: str, quantity: str, reading: str
) -> None:
    computed = computed_quantity(dose, frequency, duration)
    assert computed is not None
    assert (computed.quantity, computed.reading) == (Decimal(quantity), reading)


COUNTS = st.integers(min_value=1, max_value=9)
UNITS = st.sampled_from(["tablet", "tablets", "capsule", "caps", "sachets", "suppositories", "patches", "lozenges"])
TIMES = st.sampled_from([("OD", 1), ("BD", 2), ("TDS", 3), ("four times a day", 4), ("q8h", 3), ("every 12 hours", 2)])


@given(COUNTS, UNITS, TIMES, st.integers(min_value=1, max_value=30), st.sampled_from(["days", "weeks"]))
def test_a_quantity_is_dose_times_doses_a_day_times_days(
    count: int, unit: str, times: tuple[str, int], length: int, span: str
) -> None:
    computed = computed_quantity(f"{count} {unit}", times[0], f"{length} {span}")
    expected = count * times[1] * length * (7 if span == "weeks" else 1)
    assert computed is not None
    assert computed.quantity == expected
    assert computed.reading.endswith(f" = {expected}")


@given(st.text(max_size=30), st.text(max_size=30), st.text(max_size=30))
def test_whatever_is_typed_a_quantity_is_a_positive_number_that_can_be_dispensed(
    dose: str, frequency: str, duration: str
) -> None:
    computed = computed_quantity(dose, frequency, duration)
    assert computed is None or (0 < computed.quantity <= 9999 and computed.unit)


@pytest.mark.parametrize(
    ("dose", "unit"),
    [("1 tablet", "tablets"), ("1 suppository", "suppositories"), ("2 patches", "patches"), ("5 mL", "mL")],
)
def test_the_unit_of_a_quantity_is_in_words(dose: str, unit: str) -> None:
    computed = computed_quantity(dose, "BD", "5 days")
    assert computed is not None
    assert computed.unit == unit


@pytest.mark.parametrize(
    ("dose", "frequency", "duration"),
    [
        ("500 mg", "TDS", "5 days"),
        ("1-2 tablets", "TDS", "5 days"),
        ("1 tablet", "PRN", "5 days"),
        ("1 tablet", "TDS PRN", "5 days"),
        ("1 tablet", "q4-6h", "5 days"),
        ("1 tablet", "q5h", "5 days"),
        ("1 tablet", "every other day", "7 days"),
        ("1 tablet", "TDS", "1 month"),
        ("1 tablet", "TDS", "5/7"),
        ("1 tablet", "TDS", "5-7 days"),
        ("1 tablet", "weekly", "10 days"),
        ("½ tablet", "OD", "5 days"),
        ("1 drop", "OD", "5 days"),
        ("2 puffs", "BD", "30 days"),
        ("1 tablet", "q0h", "5 days"),
        ("² tablets", "OD", "5 days"),
        ("1 tablet", "TDS", "² days"),
        ("0 tablets", "TDS", "5 days"),
        ("", "", ""),
    ],
)
def test_an_uncertain_quantity_is_not_computed(dose: str, frequency: str, duration: str) -> None:
    assert computed_quantity(dose, frequency, duration) is None


def test_directions_are_one_sentence() -> None:
    assert directions_in_words("1 tablet", "PO", "TDS", "5 days") == "1 tablet by mouth three times a day for 5 days"


def test_od_beside_an_eye_stays_as_written() -> None:
    assert directions_in_words("1 drop", "", "OD", "5 days") == "1 drop OD for 5 days"
    assert directions_in_words("1 application", "right eye", "OD", "") == "1 application right eye OD"
