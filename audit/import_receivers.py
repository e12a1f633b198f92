"""What a run of the import says has happened: by the system, without naming anybody."""

from typing import Any

from django.dispatch import Signal

from accounts.models import User
from audit.actions import Action, Purpose
from audit.record import record
from medichat.legacy import signals
from medichat.legacy.models import ImportItem, ImportRun, ItemState

WORDS: dict[Signal, Action] = {
    signals.started: Action.IMPORT_STARTED,
    signals.resumed: Action.IMPORT_RESUMED,
    signals.finished: Action.IMPORT_FINISHED,
    signals.undone: Action.IMPORT_UNDONE,
}
HANDLED = {
    ItemState.RESOLVED: Action.IMPORT_ITEM_RESOLVED,
    ItemState.CORRECTED: Action.IMPORT_ITEM_CORRECTED,
    ItemState.RETRIED: Action.IMPORT_ITEM_LOADED,
    ItemState.OPEN: Action.IMPORT_ITEM_REOPENED,
}


def told(sender: Any, *, signal: Signal, run: ImportRun, **_: Any) -> None:
    """One row for each step of a run, with its id: the run itself has the figures."""
    record(WORDS[signal], actor=None, resource_type="import_run", resource_id=run.pk)


def item_handled(sender: Any, *, item: ImportItem, by: User, **_: Any) -> None:
    """An administrator has worked on something that the import could not settle; the patient is named where known."""
    record(
        HANDLED[ItemState(item.state)],
        actor=by,
        patient_id=item.whose(),
        resource_type="import_item",
        resource_id=item.pk,
        purpose=Purpose.ADMINISTRATION,
        codes={"rule": item.rule, "collection": item.collection},
    )


def connect() -> None:
    """Listen for as long as the program runs."""
    for signal in WORDS:
        signal.connect(told, weak=False, dispatch_uid=f"import {WORDS[signal]}")
    signals.item_handled.connect(item_handled, weak=False, dispatch_uid="import item handled")
