"""Work that is due again and again, registered by the apps and run by ``manage.py run_periodic``.

An app offers its jobs in a module ``periodic``, which is found by its name:

    @job("expire prescriptions")
    def expire() -> str:
        return f"{Prescription.expire_past()} expired"

A job must be safe to run at any time and by several machines at once.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from django.conf import settings

from medichat.db import encrypted_files
from medichat.db.context import system

FILES_LOOKED_AT_EVERY = timedelta(hours=1)
ORPHANED_AFTER = timedelta(days=1)


@dataclass(frozen=True)
class Job:
    """One piece of periodic work: returns a sentence about what it did, without any patient data."""

    name: str
    run: Callable[[], str]
    own_transactions: bool = False
    last: bool = False


class JobFailed(Exception):  # noqa: N818  # what happened, in the words of the operator who reads it
    """A job could not do its work; the message says why, and what to do, without any patient data."""


jobs: list[Job] = []
_keepers: list[Callable[[], Iterable[UUID]]] = []


def job(
    name: str, *, own_transactions: bool = False, last: bool = False
) -> Callable[[Callable[[], str]], Callable[[], str]]:
    """Register a job. It runs as the system in a transaction of its own, one machine at a time.

    With ``own_transactions`` it runs without either and sees to both itself: work that sends mail or writes files does
    so between transactions. With ``last`` it runs after all the others.
    """

    def register(run: Callable[[], str]) -> Callable[[], str]:
        jobs.append(Job(name, run, own_transactions, last))
        return run

    return register


def keeps_files(ids: Callable[[], Iterable[UUID]]) -> Callable[[], Iterable[UUID]]:
    """Register a function that names encrypted files which are still wanted; it is called as the system."""
    _keepers.append(ids)
    return ids


@job("remove orphaned files", own_transactions=True)
def remove_orphaned_files() -> str:
    """Delete encrypted files that no row knows. The disk is this machine's own, so the hour is kept on it too."""
    if not Path(settings.FILES_DIR).is_dir() or not _is_due(Path(settings.FILES_DIR) / ".orphans-looked-for"):
        return "not due"
    with system():
        # Files are listed after the rows were read, but only those older than a day are removed.
        wanted = set(wanted_files())
    return f"{encrypted_files.remove_orphans(wanted, ORPHANED_AFTER)} removed"


def wanted_files() -> Iterator[UUID]:
    """Every encrypted file that a row of some app still wants; to be asked as the system."""
    for ids in _keepers:
        yield from ids()


def _is_due(marker: Path) -> bool:
    try:
        if time.time() - marker.stat().st_mtime < FILES_LOOKED_AT_EVERY.total_seconds():
            return False
    except FileNotFoundError:
        pass  # the first time
    marker.touch()
    return True
