"""Dates, ages, names and doses as clinicians read them."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.template import Context, Template
from django.utils import formats, translation
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from medichat.doses import THIN_SPACE
from medichat.templatetags.clinical import (
    age,
    clinical_date,
    clinical_datetime,
    clinical_datetime_zone,
    clinical_time,
    dose,
    duration,
    person_name,
    urgency_class,
    urgency_icon,
    urgency_word,
    waiting,
)

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


class TestDates:
    def test_a_day_is_written_with_the_month_in_letters(self) -> None:
        assert clinical_date(date(1990, 6, 5)) == "05-Jun-1990"

    def test_the_month_stays_english_whatever_the_language(self) -> None:
        with translation.override("fr"):
            assert clinical_date(date(2026, 8, 1)) == "01-Aug-2026"

    def test_a_moment_counts_as_the_day_it_was_at_the_clinic(self, settings: Settings) -> None:
        settings.TIME_ZONE = "Pacific/Auckland"
        late = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)
        assert clinical_date(late) == "23-Nov-2026"
        assert clinical_datetime_zone(late) == "23-Nov-2026 12:30 NZDT"

    def test_times_have_24_hours(self) -> None:
        assert clinical_time(datetime(2026, 11, 22, 17, 5, tzinfo=UTC)) == "17:05"
        assert clinical_datetime(datetime(2026, 11, 22, 0, 5, tzinfo=UTC)) == "22-Nov-2026 00:05"
        assert clinical_datetime_zone(NOON) == "22-Nov-2026 12:00 UTC"

    @pytest.mark.parametrize(
        "written", [clinical_date, clinical_time, clinical_datetime, clinical_datetime_zone, waiting]
    )
    def test_no_value_is_nothing(self, written: Callable[[None], str]) -> None:
        assert written(None) == ""

    @given(st.dates())
    def test_every_day_has_one_form_that_can_be_read_back(self, day: date) -> None:
        written = clinical_date(day)
        number, month, year = written.split("-")
        assert (int(number), int(year)) == (day.day, day.year)
        assert month.isalpha()
        assert clinical_date(day.replace(day=1))[3:6] == month

    def test_djangos_own_formats_agree(self) -> None:
        assert formats.date_format(date(2026, 9, 3)) == "03-Sep-2026"
        assert formats.date_format(NOON, "DATETIME_FORMAT") == "22-Nov-2026 12:00"

    def test_the_first_input_format_is_the_one_of_date_fields_and_none_puts_the_month_first(self) -> None:
        accepted = formats.get_format("DATE_INPUT_FORMATS")
        assert accepted[0] == "%Y-%m-%d"
        assert not [form for form in accepted if re.match(r"%[mbB]", form)]


class TestAge:
    @pytest.mark.parametrize(
        ("born", "expected"),
        [
            (date(1990, 11, 22), "36 y"),
            (date(1990, 11, 23), "35 y"),
            (date(2024, 11, 22), "2 y"),
            (date(2024, 11, 23), "23 mo"),
            (date(2026, 10, 22), "1 mo"),
            (date(2026, 10, 23), "30 d"),
            (date(2026, 11, 22), "0 d"),
        ],
    )
    def test_years_then_months_below_two_years_then_days_below_a_month(self, born: date, expected: str) -> None:
        assert age(born, date(2026, 11, 22)) == expected

    def test_born_on_the_leap_day(self) -> None:
        assert age(date(2000, 2, 29), date(2026, 2, 28)) == "25 y"
        assert age(date(2000, 2, 29), date(2026, 3, 1)) == "26 y"

    def test_an_unknown_or_impossible_birth_date_gives_nothing(self) -> None:
        assert age(None) == ""
        assert age(date(2027, 1, 1), date(2026, 11, 22)) == ""

    @given(st.dates(), st.dates())
    def test_nobody_grows_younger(self, born: date, today: date) -> None:
        if born >= today:
            return
        earlier, later = age(born, born), age(born, today)
        assert _months(earlier) <= _months(later)


def _months(written: str) -> float:
    figure, unit = written.split()
    return int(figure) * {"y": 12, "mo": 1, "d": 0}[unit]


class TestWaiting:
    @pytest.mark.parametrize(
        ("minutes", "expected"),
        [
            (0.9, "under 1 min"),
            (1, "1 min"),
            (59.9, "59 min"),
            (60, "1 h"),
            (130, "2 h 10 min"),
            (1439, "23 h 59 min"),
            (1440, "1 d"),
            (4560, "3 d 4 h"),
        ],
    )
    def test_minutes_hours_days_rounded_down(self, minutes: float, expected: str) -> None:
        assert waiting(NOON - timedelta(minutes=minutes), NOON) == expected

    def test_a_moment_to_come_is_just_now(self) -> None:
        assert waiting(NOON + timedelta(hours=3), NOON) == "under 1 min"

    def test_zones_do_not_matter(self) -> None:
        elsewhere = datetime(2026, 11, 22, 16, 30, tzinfo=timezone(timedelta(hours=5, minutes=30)))
        assert waiting(elsewhere, NOON) == "1 h"

    def test_no_length_is_nothing(self) -> None:
        assert duration(None) == ""

    def test_the_component_has_the_exact_moment_for_machines_eyes_and_ears(self) -> None:
        html = Template('{% include "components/timeago.html" with moment=moment only %}').render(
            Context({"moment": NOON})
        )
        assert 'datetime="2026-11-22T12:00:00+00:00"' in html
        assert 'title="22-Nov-2026 12:00 UTC"' in html
        assert "(since 22-Nov-2026 12:00 UTC)" in html


class TestNames:
    def test_the_family_name_is_first_and_in_capitals(self) -> None:
        assert person_name(SimpleNamespace(first_name=" Ana ", last_name="de la Cruz")) == "DE LA CRUZ, Ana"

    def test_one_name_stands_alone(self) -> None:
        assert person_name(SimpleNamespace(first_name="Madonna", last_name="")) == "Madonna"

    def test_no_name_is_said_and_nobody_is_nothing(self) -> None:
        assert person_name(SimpleNamespace(first_name="", last_name="")) == "Name not known"
        assert person_name(None) == ""

    def test_markup_in_a_name_is_text(self) -> None:
        person = SimpleNamespace(first_name="<script>", last_name="x")
        html = Template("{{ person|person_name }}").render(Context({"person": person}))
        assert html == "X, &lt;script&gt;"


class TestDose:
    @pytest.mark.parametrize(
        ("written", "safe"),
        [
            ("5.0 mg", "5 mg"),
            ("5.0mg", "5 mg"),
            ("5.00 mg", "5 mg"),
            ("1.50 ml", "1.5 ml"),
            (".5 mg", "0.5 mg"),
            ("0.500 g", "0.5 g"),
            ("10.0", "10"),
            ("50mcg", "50 micrograms"),
            ("50 µg", "50 micrograms"),
            ("50 μg", "50 micrograms"),
            ("1 MCG", "1 microgram"),
            ("10U", "10 units"),
            ("1 u", "1 unit"),
            ("1000 IU", "1000 units"),
            ("100 units", "100 units"),
            ("5.0/2.50 mg", "5/2.5 mg"),
            ("100 IU/ml", "100 units/ml"),
            ("0.90 %", "0.9 %"),
            ("1.0-2.0mg", "1-2 mg"),
            ("2 tablets of 500mg", "2 tablets of 500 mg"),
        ],
    )
    def test_is_tidied(self, written: str, safe: str) -> None:
        assert dose(written) == re.sub(r"(\d) (?=mg|ml|g\b|microgram|unit)", rf"\1{THIN_SPACE}", safe)

    @pytest.mark.parametrize(
        "written",
        [
            "as directed",
            "1 tablet",
            "1.000",  # a thousand in half of Europe, one elsewhere
            "1.500 IE",
            "0,5",
            "1,000",
            "1.0.3",
            "v5.0",
            "B12",
            "5 mU",  # milliunits are not micrograms, not units
            "5 MU",
            "10 mgg",
            "10 gtt",
            "5 µl",
            "",
        ],
    )
    def test_what_is_not_understood_stays_as_it_was(self, written: str) -> None:
        assert dose(written) == written

    def test_three_decimals_that_might_be_thousands_keep_their_zeros(self) -> None:
        assert dose("10.000 IU") == f"10.000{THIN_SPACE}units"

    def test_nothing_and_numbers(self) -> None:
        assert dose(None) == ""
        assert dose(Decimal("2.50")) == "2.5"

    @given(st.text(alphabet="0123456789.,/- mgcuUIµlx", max_size=25))
    def test_tidying_twice_is_tidying_once(self, written: str) -> None:
        assert dose(dose(written)) == dose(written)

    @given(st.text(alphabet="0123456789.,/- mgcuUIµlx", max_size=25))
    def test_no_figure_ever_changes_its_value(self, written: str) -> None:
        assert _values(dose(written)) == _values(written)

    @given(st.text(max_size=60))
    def test_no_digit_but_zero_is_added_or_lost(self, written: str) -> None:
        assert re.findall("[1-9]", dose(written)) == re.findall("[1-9]", written)


def _values(text: str) -> list[Decimal | str]:
    """Every run of digits and separators: its value when it is a plain decimal, itself when it is not.

    A full stop or comma at its end is punctuation.
    """
    runs = [run.rstrip(".,") for run in re.findall(r"[\d.,]*\d[\d.,]*", text)]
    return [Decimal(run) if re.fullmatch(r"\d+(\.\d+)?|\.\d+", run) else run for run in runs]


class TestUrgency:
    @pytest.mark.parametrize(
        ("level", "word"),
        [("emergency", "Emergency"), ("urgent", "Urgent"), ("routine", "Routine"), ("self_care", "Self-care")],
    )
    def test_every_level_has_its_word(self, level: str, word: str) -> None:
        assert urgency_word(level) == word
        assert urgency_class(level) == level

    def test_no_two_levels_share_a_shape(self) -> None:
        levels = ["emergency", "urgent", "routine", "self_care", ""]
        assert len({urgency_icon(level) for level in levels}) == len(levels)

    @pytest.mark.parametrize("level", [None, "", "severe"])
    def test_an_unknown_level_is_never_shown_as_harmless(self, level: str | None) -> None:
        assert urgency_word(level) == "Not assessed"
        assert urgency_class(level) == "unknown"
