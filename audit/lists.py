"""Looks at lists: each patient whose data an answer held has a row of their own, and so sees it and can ask about it.

A program that shows a list asks for it again and again. What somebody saw of a patient in the same list a few minutes
ago is one look; the row about the list itself is written every time.
"""

import uuid
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.utils import timezone

from accounts.models import User
from accounts.signals import list_viewed
from audit.actions import Action, Purpose
from audit.models import ActivityLog
from audit.record import purpose_of, row_of, write

ONE_LOOK = timedelta(minutes=10)


def connect() -> None:
    """Listen for as long as the program runs."""
    list_viewed.connect(note_list, weak=False)


def note_list(
    sender: Any, *, by: User, patient_ids: Iterable[uuid.UUID], resource_type: str, why: str, **_: Any
) -> None:
    """One row for the list, with how many patients it held, and one for each of them; three statements at most."""
    purposes = {patient_id: purpose_of(by, patient_id) for patient_id in sorted(set(patient_ids))}
    looks = {(patient_id, str(purpose)) for patient_id, purpose in purposes.items()}
    if looks:
        looks -= _known(by, resource_type)
    rows = [
        row_of(
            Action.DATA_VIEWED,
            actor=by,
            resource_type=resource_type,
            purpose=Purpose(why),
            codes={"patients": len(purposes)},
        )
    ]
    rows += [
        row_of(Action.DATA_VIEWED, actor=by, patient_id=patient_id, resource_type=resource_type, purpose=purpose)
        for patient_id, purpose in sorted(looks)
    ]
    write(rows)


def _known(by: User, resource_type: str) -> set[tuple[uuid.UUID | None, str]]:
    """Whom this person saw in such a list a moment ago, and why."""
    lately = ActivityLog.objects.visible_to(by).filter(
        actor_id=by.pk,
        action=Action.DATA_VIEWED,
        resource_type=resource_type,
        occurred_at__gt=timezone.now() - ONE_LOOK,
        patient_id__isnull=False,
    )
    return set(lately.order_by().values_list("patient_id", "purpose"))
