"""Months of the log: made ahead, by the application role too, and reached only through the log."""

from datetime import UTC, datetime, timedelta

import psycopg
import pytest

EVERY_PARTITION = (
    "SELECT child.relname, child.oid::regclass::text FROM pg_inherits"
    " JOIN pg_class child ON child.oid = inhrelid WHERE inhparent = 'activity_logs'::regclass ORDER BY 1"
)
INSERT_IMPORTED = (
    "INSERT INTO activity_logs (id, action, legacy_id, occurred_at) VALUES (gen_random_uuid(), 'user.login', %s, %s)"
)


def as_system(connection: psycopg.Connection) -> None:
    connection.execute("SELECT set_config('medichat.role', 'system', true)")


def names(connection: psycopg.Connection) -> list[str]:
    return [name for name, _ in connection.execute(EVERY_PARTITION).fetchall()]


def test_two_years_and_a_default_are_there(application_connection: psycopg.Connection) -> None:
    *months, default = names(application_connection)
    # Since they were made, a month may have begun.
    first = min(datetime.now(UTC), datetime.strptime(months[0], "activity_logs_%Y_%m").replace(tzinfo=UTC))
    assert datetime.now(UTC) - first < timedelta(days=32)
    assert months == [
        f"activity_logs_{first.year + place // 12}_{place % 12 + 1:02}"
        for place in range(first.month - 1, first.month + 24)
    ]
    assert default == "activity_logs_default"


def test_the_application_role_makes_months_through_the_function_alone(
    application_connection: psycopg.Connection,
) -> None:
    made = application_connection.execute("SELECT * FROM ensure_activity_log_partitions(26)").fetchall()
    assert [result for _, result in made] == ["made", "made"]
    assert application_connection.execute("SELECT * FROM ensure_activity_log_partitions(26)").fetchall() == []
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        application_connection.execute(
            "CREATE TABLE later PARTITION OF activity_logs FOR VALUES FROM ('2090-01-01') TO ('2090-02-01')"
        )


def test_the_application_role_cannot_touch_the_functions_behind_it(application_connection: psycopg.Connection) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        application_connection.execute("SELECT close_activity_log_partition('activity_logs_default')")
    application_connection.rollback()
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        application_connection.execute("SELECT keep_only_privileges('users', ARRAY[]::text[])")


def test_no_partition_grants_anything_to_anybody(application_connection: psycopg.Connection) -> None:
    application_connection.execute("SELECT ensure_activity_log_partitions(27)")
    for _, partition in application_connection.execute(EVERY_PARTITION).fetchall():
        granted = application_connection.execute(
            "SELECT count(*) FROM pg_class, aclexplode(relacl) WHERE oid = %s::regclass AND grantee <> relowner",
            [partition],
        ).fetchone()
        secured = application_connection.execute(
            "SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE oid = %s::regclass", [partition]
        ).fetchone()
        refuses = application_connection.execute(
            "SELECT count(*) FROM pg_trigger WHERE tgrelid = %s::regclass AND tgname = 'append_only'", [partition]
        ).fetchone()
        assert (granted, secured, refuses) == ((0,), (True, True), (1,)), partition


def test_the_owner_sees_nothing_in_a_partition_itself(owner_connection: psycopg.Connection) -> None:
    as_system(owner_connection)
    owner_connection.execute(INSERT_IMPORTED, ["a", "2019-05-05"])
    assert owner_connection.execute("SELECT count(*) FROM activity_logs").fetchone() == (1,)
    assert owner_connection.execute("SELECT count(*) FROM activity_logs_default").fetchone() == (0,)


def test_a_month_with_rows_in_the_default_partition_is_reported_and_stays(
    application_connection: psycopg.Connection,
) -> None:
    as_system(application_connection)
    application_connection.execute(INSERT_IMPORTED, ["a", "2019-05-05"])
    made: dict[str, str] = dict(
        application_connection.execute("SELECT * FROM ensure_activity_log_partitions(0, '2019-04-10')").fetchall()
    )
    assert made["activity_logs_2019_04"] == "made"
    assert made["activity_logs_2019_05"] == "its rows are in the default partition"
    assert application_connection.execute("SELECT count(*) FROM activity_logs").fetchone() == (1,)


def test_a_month_begins_at_midnight_utc_whatever_the_session_s_zone(
    application_connection: psycopg.Connection,
) -> None:
    application_connection.execute("SET LOCAL timezone = 'Pacific/Auckland'")
    application_connection.execute("SET LOCAL datestyle = 'SQL, DMY'")
    application_connection.execute("SELECT ensure_activity_log_partitions(0, '2019-04-10')")
    application_connection.execute("SET LOCAL timezone = 'UTC'")
    application_connection.execute("SET LOCAL datestyle = 'ISO'")
    bounds = application_connection.execute(
        "SELECT pg_get_expr(relpartbound, oid) FROM pg_class WHERE relname = 'activity_logs_2019_04'"
    ).fetchone()
    assert bounds == ("FOR VALUES FROM ('2019-04-01 00:00:00+00') TO ('2019-05-01 00:00:00+00')",)


def test_an_imported_row_comes_once(application_connection: psycopg.Connection) -> None:
    as_system(application_connection)
    application_connection.execute(INSERT_IMPORTED, ["a", "2019-05-05"])
    again = application_connection.execute(INSERT_IMPORTED + " ON CONFLICT DO NOTHING", ["a", "2019-05-05"])
    assert again.rowcount == 0


@pytest.mark.parametrize("months", [-1, 61])
def test_nobody_fills_the_disk_with_months(application_connection: psycopg.Connection, months: int) -> None:
    with pytest.raises(psycopg.errors.RaiseException, match="60 months"):
        application_connection.execute("SELECT ensure_activity_log_partitions(%s)", [months])
