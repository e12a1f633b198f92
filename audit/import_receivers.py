"""What a run of the import says has happened: by the system, without naming anybody."""

from typing import Any

from django.dispatch import Signal

from audit.actions import Action
from audit.record import record
from medichat.legacy import signals
from medichat.legacy.models import ImportRun

WORDS: dict[Signal, Action] = {
    signals.started: Action.IMPORT_STARTED,
    signals.resumed: Action.IMPORT_RESUMED,
    signals.finished: Action.IMPORT_FINISHED,
    signals.undone: Action.IMPORT_UNDONE,
}


def told(sender: Any, *, signal: Signal, run: ImportRun, **_: Any) -> None:
    """One row for each step of a run, with its id: the run itself has the figures."""
    record(WORDS[signal], actor=None, resource_type="import_run", resource_id=run.pk)


def connect() -> None:
    """Listen for as long as the program runs."""
    for signal in WORDS:
        signal.connect(told, weak=False, dispatch_uid=f"import {WORDS[signal]}")
