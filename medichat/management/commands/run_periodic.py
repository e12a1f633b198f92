"""Run what is due: the server does so every minute, and cron or a timer may do it as well."""

import hashlib
import logging
import traceback
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction
from django.utils.module_loading import autodiscover_modules

from medichat.db.context import system
from medichat.periodic import Job, JobFailed, jobs

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    """Each job in a transaction of its own; one that fails does not keep the others from running."""

    help = "Runs the periodic work of every app. Safe to run anywhere at any time."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Run every job and print a line for each; ends with an error when one failed."""
        autodiscover_modules("periodic")
        failed = []
        for job in sorted(jobs, key=lambda job: job.last):
            try:
                said = run(job)
            except JobFailed as error:
                said = f"FAILED: {error}"
                failed.append(job.name)
            except Exception as error:
                # Messages of the database and of libraries may quote rows: only the kind and the place are told.
                said = f"FAILED: {type(error).__name__} at {place_of(error)}"
                failed.append(job.name)
            self.stdout.write(f"{job.name}: {said}")
        if failed:
            logger.error("Periodic work failed: %s", ", ".join(failed))
            raise CommandError(f"{len(failed)} job(s) failed: {', '.join(failed)}")


def run(job: Job) -> str:
    """Run one job, unless another machine is at it."""
    if job.own_transactions:
        return job.run()
    with transaction.atomic(), system():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [lock_number(job)])
            mine = bool(cursor.fetchone()[0])
        return job.run() if mine else "done elsewhere"


def lock_number(job: Job) -> int:
    """The advisory lock of a job: the same on every machine."""
    digest = hashlib.sha256(f"medichat periodic: {job.name}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


def place_of(error: Exception) -> str:
    """File and line where it was raised."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{Path(frame.filename).name}:{frame.lineno}"
