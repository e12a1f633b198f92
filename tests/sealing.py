"""Sealing in tests: other databases of the server, those of other workers, may hold it up for a moment."""

import time

from django.db import connection

from audit.seal import seal_log
from medichat.db.context import system

LONGEST_SECONDS = 60


def wait_until_settled() -> None:
    """Until no transaction is open that began before the log's rows were written; a minute at most."""
    deadline = time.monotonic() + LONGEST_SECONDS
    settled = False
    while not settled and time.monotonic() < deadline:
        with system(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT coalesce(bool_and(transaction_id < pg_snapshot_xmin(pg_current_snapshot())), true)"
                " FROM activity_logs WHERE transaction_id < pg_snapshot_xmax(pg_current_snapshot())"
            )
            settled = cursor.fetchone()[0]
        time.sleep(0 if settled else 0.05)


def seal_settled_log() -> int:
    """Seal everything that was written; returns how many rows."""
    wait_until_settled()
    return seal_log()
