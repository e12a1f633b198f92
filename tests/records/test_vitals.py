"""Measurements: written down in the units of the instruments, judged by age, drawn, corrected, and never lost."""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from psycopg import sql

from accounts.models import User
from records.forms import VitalsForm
from records.models import VitalSigns
from records.models.vitals import heights_known
from records.vitals import charts, ranges
from records.vitals.measures import MEASURES, cards_of, pressure, shown
from tests.cast import as_person, system
from tests.factories import MedicalInfoFactory, VitalSignsFactory

BORN = date(1990, 6, 15)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def address(patient: User, act: str = "new/") -> str:
    return f"/patients/{patient.pk}/vitals/{act}"


def sent(**figures: str) -> dict[str, str]:
    return {"measured_at": f"{timezone.localtime():%Y-%m-%dT%H:%M}", **figures}


def measured(at: datetime = NOON, **figures: Any) -> VitalSigns:
    return VitalSigns(measured_at=at, **figures)


# The ranges


def test_every_range_is_of_a_measure_has_a_source_and_says_what_nobody_reviewed() -> None:
    found = ranges.ranges()
    assert {one.measure for one in found} <= {*MEASURES, "bmi"}
    assert all(one.sources for one in found)
    assert any(one.is_unreviewed for one in found)
    assert all(source.read_at for one in found for source in one.sources if not source.is_unreviewed)


@pytest.mark.parametrize(
    ("measure", "born", "value", "mark"),
    [
        ("systolic", BORN, 139, ""),
        ("systolic", BORN, 140, "high"),
        ("systolic", BORN, 89, "low"),
        ("pulse", BORN, 91, "high"),
        ("pulse", date(2025, 12, 1), 120, ""),
        ("pulse", date(2021, 1, 1), 130, "high"),
        ("respiratory_rate", date(2025, 12, 1), 40, ""),
        ("respiratory_rate", BORN, 21, "high"),
        ("oxygen_saturation", BORN, 95, "low"),
        ("oxygen_saturation", BORN, 100, ""),
        ("temperature_c", BORN, Decimal("38.0"), ""),
        ("temperature_c", BORN, Decimal("38.1"), "high"),
        ("bmi", BORN, Decimal("25.0"), "high"),
    ],
)
def test_a_figure_is_judged_by_the_age_at_that_time(measure: str, born: date, value: Any, mark: str) -> None:
    usual = ranges.range_for(measure, born=born, on=NOON.date())
    assert usual is not None
    assert usual.judge(value) == mark


def test_nothing_is_judged_without_an_age_or_before_the_birth_or_where_there_is_no_range() -> None:
    assert ranges.range_for("pulse", born=None, on=NOON.date()) is None
    assert ranges.range_for("pulse", born=date(2027, 1, 1), on=NOON.date()) is None
    assert ranges.range_for("bmi", born=date(2020, 1, 1), on=NOON.date()) is None
    assert ranges.range_for("glucose_mmol_l", born=BORN, on=NOON.date(), when="any_time") is None
    fasting = ranges.range_for("glucose_mmol_l", born=BORN, on=NOON.date(), when="fasting")
    assert fasting is not None
    assert fasting.judge(Decimal("5.5")) == "high"


@pytest.mark.parametrize("measure", ["pulse", "respiratory_rate", "systolic", "oxygen_saturation", "temperature_c"])
def test_ages_leave_no_gap_and_ranges_do_not_hide_each_other(measure: str) -> None:
    for months in range(0, 12 * 90, 1):
        born = date(2026 - months // 12 - 1, 12 - months % 12, 1)
        assert ranges.range_for(measure, born=born, on=date(2026, 12, 1)) is not None, months


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[[ranges]]\nmeasure='pulse'\nlow=1\nsource='x'\n[sources]",
        "[sources.x]\ntitle='t'\nversion='1'\nread_at=''\nstatus='cited'\n[[ranges]]\nmeasure='pulse'\nlow=1\nsource='x'",
        "[sources.x]\ntitle='t'\nversion='1'\nread_at=''\nstatus='unreviewed'\n[[ranges]]\nmeasure='pulse'\nsource='x'",
        "[sources.x]\ntitle='t'\nversion='1'\nread_at=''\nstatus='unreviewed'\n"
        "[[ranges]]\nmeasure='pulse'\nlow=9\nhigh=8\nsource='x'",
    ],
)
def test_a_file_of_ranges_that_cannot_be_right_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "ranges.toml"
    file.write_text(content)
    with pytest.raises(ranges.RangesError, match=r"ranges\.toml"):
        ranges.read(file)


# Figures and pictures


def test_figures_have_no_trailing_zero_and_a_word_where_they_are_unusual() -> None:
    one = measured(systolic=152, diastolic=88, temperature_c=Decimal("37.0"), pulse=40)
    assert pressure(one, BORN) == "152/88 (high)"
    assert shown(one, "temperature_c", BORN) == "37"
    assert shown(one, "pulse", BORN) == "40 (low)"
    assert shown(one, "pulse", None) == "40"
    assert shown(one, "weight_kg", BORN) == ""
    assert pressure(measured(systolic=85, diastolic=95), BORN) == "85/95 (high and low)"


def test_the_body_mass_index_takes_the_latest_height_of_an_adult() -> None:
    earlier = measured(NOON - timedelta(days=900), height_cm=Decimal(172))
    now = measured(weight_kg=Decimal("68.5"))
    heights_known([now, earlier], born=BORN, stated=Decimal(190))
    assert now.bmi == Decimal("23.2")
    alone = measured(weight_kg=Decimal("68.5"))
    heights_known([alone], born=BORN, stated=Decimal(172))
    assert alone.bmi == Decimal("23.2")


def test_a_child_s_height_counts_for_three_months_and_without_a_birth_date_nobody_is_an_adult() -> None:
    child = date(2020, 1, 1)
    for days, known in ((30, True), (200, False)):
        earlier, now = measured(NOON - timedelta(days=days), height_cm=Decimal(110)), measured(weight_kg=Decimal(20))
        heights_known([earlier, now], born=child, stated=Decimal(90))
        assert (now.bmi is not None) is known
    alone = measured(weight_kg=Decimal(60))
    heights_known([alone], born=None, stated=Decimal(172))
    assert alone.bmi is None


def test_a_height_that_was_struck_out_counts_for_nothing() -> None:
    wrong = measured(NOON - timedelta(days=1), height_cm=Decimal(72), entered_in_error_at=NOON)
    now = measured(weight_kg=Decimal(68))
    heights_known([wrong, now], born=BORN, stated=None)
    assert now.bmi is None


def test_a_card_says_the_latest_figure_the_usual_range_and_what_it_rests_on() -> None:
    sets = [measured(NOON - timedelta(days=days), systolic=120 + days, diastolic=80) for days in (30, 10, 0)]
    (card,) = cards_of(sets, BORN)
    assert (card.title, card.latest, card.unit, card.count) == ("Blood pressure", "120/80", "mmHg", 3)
    assert card.usual == "systolic 90–139, diastolic 60–89"
    assert card.is_unreviewed
    assert [line.is_second for line in card.picture.lines] == [False, True]
    assert card.summary == "Blood pressure, 3 measured, the latest 120/80 mmHg"
    assert cards_of([measured(pulse=70)], None)[0].usual == ""


@given(
    st.lists(
        st.tuples(
            st.integers(0, 4_000_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)),
            st.decimals("0.1", "9999", places=1),
        ),
        min_size=1,
        max_size=40,
    )
)
def test_every_point_lies_in_the_picture(given_readings: list[tuple[datetime, Decimal]]) -> None:
    readings = [charts.Reading(at, value) for at, value in sorted(given_readings)]
    picture = charts.draw([("x", readings)], [ranges.range_for("pulse", born=BORN, on=NOON.date())])
    assert picture is not None
    for line in picture.lines:
        for point in line.points:
            assert 0 <= point.x <= picture.width
            assert 0 <= point.y <= picture.floor
    assert all(band.height >= 0 for band in picture.bands)
    assert charts.draw([("x", [])], [None]) is None


# Writing down


@pytest.mark.parametrize(
    ("figures", "expected"),
    [
        ({"blood_pressure": "120/80"}, {"systolic": 120, "diastolic": 80}),
        ({"blood_pressure": "120 over 80 mmHg"}, {"systolic": 120, "diastolic": 80}),
        ({"temperature_c": "98.6 F"}, {"temperature_c": Decimal("37.0")}),
        ({"temperature_c": "38,4°C"}, {"temperature_c": Decimal("38.4")}),
        ({"weight_kg": "151 lb"}, {"weight_kg": Decimal("68.49")}),
        ({"weight_kg": "3450 g"}, {"weight_kg": Decimal("3.45")}),
        ({"height_cm": "1,72 m"}, {"height_cm": Decimal("172.0")}),
        ({"glucose_mmol_l": "97 mg/dl", "glucose_when": "fasting"}, {"glucose_mmol_l": Decimal("5.4")}),
        ({"pulse": "72 bpm", "oxygen_saturation": "97 %"}, {"pulse": 72, "oxygen_saturation": 97}),
    ],
)
def test_figures_are_understood_in_the_units_of_the_instruments(
    client_of: Callable[[User], Client],
    patient: User,
    her_doctor: User,
    figures: dict[str, str],
    expected: dict[str, Any],
) -> None:
    response = client_of(her_doctor).post(address(patient), sent(**figures))
    assert response.status_code == 302, response.content.decode()[:3000]
    with as_person(her_doctor):
        one = VitalSigns.objects.get()
    assert {name: getattr(one, name) for name in expected} == expected
    assert (one.source, one.recorded_by_id) == ("doctor", her_doctor.pk)


@pytest.mark.parametrize(
    ("figures", "error"),
    [
        ({}, "Write at least one figure."),
        ({"blood_pressure": "80/120"}, "The second figure is below the first"),
        ({"blood_pressure": "120"}, "Write it with a stroke"),
        ({"blood_pressure": "900/80"}, "Systolic: between 30 and 300 mmHg."),
        ({"temperature_c": "98.6"}, "between 25 and 45 °C"),
        ({"temperature_c": "warm"}, "Write it as a number"),
        ({"pulse": "72 kg"}, "Write it as a number"),
        ({"weight_kg": "7000"}, "between 0.2 and 700 kg"),
        ({"pulse": "70", "glucose_when": "fasting"}, "Write the figure, or leave out when it was measured."),
        ({"pulse": "70", "measured_at": "2999-01-01T10:00"}, "This time is to come."),
        ({"pulse": "70", "measured_at": "1980-01-01T10:00"}, "before the date of birth"),
        ({"pulse": "70", "measured_at": ""}, "Say when it was measured."),
    ],
)
def test_a_slip_of_the_pen_is_said_beside_the_field_and_nothing_is_lost(
    client_of: Callable[[User], Client], patient: User, her_doctor: User, figures: dict[str, str], error: str
) -> None:
    page = client_of(her_doctor).post(address(patient), sent(notes="Left arm, sitting.") | figures)
    assert page.status_code == 422
    text = page.content.decode()
    assert error in text
    assert text.count("Write at least one figure.") == (1 if not figures else 0) * text.count(error)
    assert "Left arm, sitting." in text
    with system():
        assert not VitalSigns.objects.exists()


@given(st.text(max_size=25))
def test_any_text_is_a_figure_or_is_refused_in_words(text: str) -> None:
    for name in ("weight_kg", "temperature_c", "blood_pressure"):
        with suppress(ValidationError):
            understood = VitalsForm.base_fields[name].clean(text)
            assert understood is None or understood


def test_patients_write_down_what_they_measure_and_see_no_judgement(
    client_of: Callable[[User], Client], patient: User
) -> None:
    client = client_of(patient)
    assert client.post("/record/vitals/new/", sent(blood_pressure="160/95")).status_code == 302
    page = client.get("/record/").content.decode()
    assert "160/95" in page
    assert "160/95 (high)" not in page
    with as_person(patient):
        assert VitalSigns.objects.get().source == "patient"


def test_a_correction_keeps_the_earlier_version_with_who_and_why(
    client_of: Callable[[User], Client], patient: User, her_doctor: User
) -> None:
    wrong = VitalSignsFactory(patient=patient, systolic=182, diastolic=82, weight_kg=Decimal("68.50"))
    client = client_of(her_doctor)
    form = client.get(address(patient, f"{wrong.pk}/correct/")).content.decode()
    assert 'value="182/82"' in form
    assert 'value="68.5"' in form
    client.post(address(patient, f"{wrong.pk}/correct/"), sent(blood_pressure="128/82", reason="Typed wrongly"))
    with as_person(her_doctor):
        now = VitalSigns.objects.standing().get()
    assert now.corrects_id == wrong.pk
    page = client.get(f"/patients/{patient.pk}/?tab=vitals").content.decode()
    assert "Earlier versions (1)" in page
    assert "182/82 (high)" in page
    assert "Typed wrongly (you, " in page


def test_the_tab_draws_what_stands_and_lists_pages_of_fifty(
    client_of: Callable[[User], Client], patient: User, her_doctor: User
) -> None:
    for number in range(53):
        VitalSignsFactory(patient=patient, measured_at=NOON - timedelta(days=number), pulse=60 + number % 7)
    VitalSignsFactory(patient=patient, measured_at=NOON, temperature_c=Decimal("41.9"))
    with as_person(her_doctor):
        VitalSigns.objects.get(temperature_c=Decimal("41.9")).mark_entered_in_error(by=her_doctor, reason="Not hers")
    client = client_of(her_doctor)
    page = client.get(f"/patients/{patient.pk}/?tab=vitals")
    text = page.content.decode()
    assert 'role="img" aria-label="Pulse, 30 measured, the latest 60 /min"' in text
    assert "41.9</span>" not in text
    assert "What the usual ranges rest on" in text
    assert len(page.context["sections"][0].rows) == 49, "fifty with the one that is struck out"
    older = page.context["measurements"].page.next_url
    assert older
    assert len(client.get(f"/patients/{patient.pk}/{older}").context["sections"][0].rows) == 4


def test_the_overview_has_the_latest_figures(
    client_of: Callable[[User], Client], patient: User, her_doctor: User
) -> None:
    client = client_of(her_doctor)
    assert "Nothing measured." in client.get(f"/patients/{patient.pk}/").content.decode()
    MedicalInfoFactory(patient=patient, height_cm=Decimal(172))
    VitalSignsFactory(patient=patient, weight_kg=Decimal("68.5"))
    page = client.get(f"/patients/{patient.pk}/").content.decode()
    for figure in ("128/82 mmHg", "72 /min", "68.5 kg", "23.2 kg/m²"):
        assert figure in page


def test_the_number_of_statements_does_not_grow(
    client_of: Callable[[User], Client], patient: User, her_doctor: User, stranger_doctor: User
) -> None:
    client = client_of(her_doctor)

    def cost() -> int:
        with CaptureQueriesContext(connection) as statements:
            assert client.get(f"/patients/{patient.pk}/?tab=vitals").status_code == 200
        return len(statements)

    VitalSignsFactory(patient=patient)
    few = cost()
    for number in range(8):
        VitalSignsFactory(patient=patient, recorded_by=stranger_doctor, measured_at=NOON + timedelta(days=number))
    assert cost() == few


# What the database refuses


@pytest.mark.parametrize(
    "values",
    [
        {"systolic": 900, "diastolic": 80},
        {"systolic": 100, "diastolic": 100},
        {"systolic": None, "diastolic": 80},
        {"temperature_c": 98.6},
        {"oxygen_saturation": 101},
        {"glucose_when": "fasting"},
        {"systolic": None, "diastolic": None, "pulse": None},
    ],
)
def test_the_database_refuses_what_cannot_be(
    patient: User, superuser_connection: psycopg.Connection, values: dict[str, Any]
) -> None:
    row = {"systolic": 120, "diastolic": 80, "pulse": 70} | values
    statement = sql.SQL(
        "INSERT INTO vital_signs (id, patient_id, measured_at, source, entered_in_error_reason, {}) "
        "VALUES (gen_random_uuid(), %s, now(), 'doctor', '', {})"
    ).format(
        sql.SQL(", ").join(map(sql.Identifier, row)),
        sql.SQL(", ").join([sql.Placeholder()] * len(row)),
    )
    with pytest.raises(psycopg.errors.CheckViolation):
        superuser_connection.execute(statement, [patient.pk, *row.values()])
