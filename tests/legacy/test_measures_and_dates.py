"""Heights, weights and dates as people typed them: right, or not guessed."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from medichat.legacy.parse.dates import day_in_text, instant_in_text, meant_day
from medichat.legacy.parse.lists import split_entries
from medichat.legacy.parse.measures import height_in_cm, weight_in_kg


@pytest.mark.parametrize(
    ("stated", "centimetres"),
    [
        ("178", "178.0"), ("178cm", "178.0"), ("1.78 m", "178.0"), ("1,78", "178.0"), ("5'11\"", "180.3"),
        ("5'11", "180.3"), ("5 ft 11 in", "180.3"), ("5’2”", "157.5"), ("6 feet", "182.9"), ("1m78", "178.0"),
        ("70 in", "177.8"),
        ("70", None), ("5'13\"", None), ("tall", None), ("900 cm", None), ("", None), ("5.9 ft", None),
    ],
)  # fmt: skip
def test_a_height_is_read_or_stays_text(stated: str, centimetres: str | None) -> None:
    assert height_in_cm(stated) == (None if centimetres is None else Decimal(centimetres))


@pytest.mark.parametrize(
    ("stated", "kilograms"),
    [
        ("77kg", "77.0"), ("77,5 kg", "77.5"), ("170 lbs", "77.1"), ("12 st", "76.2"), ("12 st 4 lb", "78.0"),
        ("82", None), ("0 kg", None), ("900 kg", None), ("12 st 15", None), ("heavy", None),
    ],
)  # fmt: skip
def test_a_weight_is_read_or_stays_text(stated: str, kilograms: str | None) -> None:
    assert weight_in_kg(stated) == (None if kilograms is None else Decimal(kilograms))


@pytest.mark.parametrize(
    ("stated", "day"),
    [
        ("2019-04-02", date(2019, 4, 2)), ("2019/4/2", date(2019, 4, 2)), ("04.10.2022", date(2022, 10, 4)),
        ("04/19/2021", date(2021, 4, 19)), ("19/04/2021", date(2021, 4, 19)), ("October 4, 2022", date(2022, 10, 4)),
        ("4 Oct 2022", date(2022, 10, 4)), ("Wed Jan 01 2020 00:00:00 GMT+0100 (CET)", date(2020, 1, 1)),
        ("05/05/2020", date(2020, 5, 5)), ("04/10/2022", None), ("10/4/22", None), ("2019", None),
        ("April 2019", None), ("2019-02-30", None), ("childhood", None), ("9999-12-31T23:59:59Z", None),
    ],
)  # fmt: skip
def test_a_day_in_text_is_read_only_when_it_is_certain(stated: str, day: date | None) -> None:
    assert day_in_text(stated) == day


@pytest.mark.parametrize(("hour", "day"), [(0, 14), (5, 14), (11, 14), (12, 14), (13, 15), (22, 15), (23, 15)])
def test_midnight_elsewhere_means_the_nearest_day(hour: int, day: int) -> None:
    assert meant_day(datetime(1990, 6, 14, hour, tzinfo=UTC)) == date(1990, 6, day)


def test_an_instant_in_text_needs_its_zone() -> None:
    assert instant_in_text("2023-08-31T22:23:58.969Z") == datetime(2023, 8, 31, 22, 23, 58, 969000, tzinfo=UTC)
    assert instant_in_text("Wed Jan 01 2020 00:00:00 GMT+0100") == datetime(2019, 12, 31, 23, tzinfo=UTC)
    assert instant_in_text("2023-08-31T22:23:58") is None


@pytest.mark.parametrize(
    ("stated", "entries"),
    [
        ("Penicillin, latex; nuts", ["Penicillin", "latex", "nuts"]),
        ("Insulin 10 units, at night", ["Insulin 10 units, at night"]),
        ("Insulin (rapid, long), Aspirin", ["Insulin (rapid, long)", "Aspirin"]),
        ("Heparin 5,000 units", ["Heparin 5,000 units"]),
        ("Aspirin\nMetformin", ["Aspirin", "Metformin"]),
        ("Diabetes, type 2", ["Diabetes, type 2"]),
        (",", [","]),
    ],
)
def test_several_entries_in_one_text_are_separated_only_where_a_new_one_begins(stated: str, entries: list[str]) -> None:
    assert split_entries(stated) == entries
