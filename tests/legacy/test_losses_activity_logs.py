"""The activity log: each way in which the old migration script lost or invented something."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.legacy.importing import Loaded, of_document, rows, stored
from tests.legacy.losses import entry, loaded, oid, user, without

MANY = 10_050


@pytest.fixture(scope="module", autouse=True)
def clinic(loaded_database: Callable[[Path], Loaded], tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    logs = [
        without(entry(10, userRole="system", action="system.startup"), "user"),
        without(entry(11, userRole="anonymous", action="user.login.failed", userEmail="who@x.example"), "user"),
        entry(12, user=oid(999)),
        entry(13, ipAddress="10.1.1.1, 192.168.0.9"),
        entry(14, ipAddress="unknown"),
        without(entry(15), "ipAddress", "status", "severity"),
        entry(16, statusCode=0, duration=0),
        entry(17, duration=12.75, metadata=None),
        entry(18, metadata={}),
        entry(19, ipAddress="10.2.3.4"),
    ]
    logs += [entry(number) for number in range(1000, 1000 + MANY)]
    folder = tmp_path_factory.mktemp("logs")
    return loaded(loaded_database, folder, {"users": [user(1)], "activity_logs": logs})


def log(number: int) -> dict[str, Any]:
    return stored("activity_logs", str(oid(number)))


def test_all_entries_come_over_not_only_ten_thousand(clinic: Loaded) -> None:
    assert rows("SELECT count(*) FROM activity_logs WHERE legacy_id IS NOT NULL") == [(MANY + 10,)]
    assert clinic.report["entities"]["activity_logs"]["verified"] == MANY + 10


def test_entries_of_the_system_and_of_anonymous_people_come_over() -> None:
    assert (log(10)["actor_role"], log(10)["actor_id"]) == ("system", None)
    assert (log(11)["actor_role"], log(11)["action"]) == ("anonymous", "user.login.failed")
    assert log(11)["actor_email"] == "who@x.example"


def test_entries_of_deleted_users_come_over_and_keep_the_id() -> None:
    assert log(12)["actor_id"] is not None
    assert rows("SELECT count(*) FROM users WHERE id = %s", log(12)["actor_id"]) == [(0,)]


def test_entries_whose_address_is_not_a_single_one_come_over() -> None:
    assert (log(13)["address"], log(13)["address_text"]) == (None, "10.1.1.1, 192.168.0.9")
    assert (log(14)["address"], log(14)["address_text"]) == (None, "unknown")
    assert str(log(19)["address"]).split("/")[0] == "10.2.3.4"


def test_no_address_status_or_severity_is_invented() -> None:
    assert [log(15)[name] for name in ("address", "address_text", "status", "severity")] == [None] * 4


def test_zero_is_a_value_fractions_stay_and_no_metadata_is_no_metadata() -> None:
    assert (log(16)["status_code"], log(16)["duration_ms"]) == (0, 0.0)
    assert log(17)["duration_ms"] == 12.75
    assert log(17)["metadata"] is None
    assert log(18)["metadata"] is None


def test_nothing_of_the_entries_was_lost_on_the_way() -> None:
    assert len(of_document("activity_logs", str(oid(10)))) == 1
