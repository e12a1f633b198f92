"""Loading what administrators have corrected: each document again, by the same code as in a run."""

from uuid import UUID

from django.db import connection, models, transaction

from accounts.hashers import LegacyBcryptHasher
from accounts.models import User
from medichat.db.context import system
from medichat.legacy.again import load_again
from medichat.legacy.correction import Correction, NotCorrectable, corrected
from medichat.legacy.document import Fields, UnreadableDocumentError, encode
from medichat.legacy.models import ImportItem, ItemState
from medichat.legacy.parse import rules
from medichat.legacy.raw_page import document_of
from medichat.legacy.worker import LOCK, time_keepers

ABOUT_PASSWORDS = [rules.PASSWORD_MISSING.code, rules.PASSWORD_NOT_KEPT.code]


def load_corrected() -> tuple[int, int] | None:
    """Load all corrected items, each in a transaction of its own: how many were loaded, and how many need another look.

    None when an import is running: they wait for its end.
    """
    with system():
        waiting = list(
            ImportItem.objects.filter(state=ItemState.CORRECTED)
            .order_by("handled_at", "id")
            .values_list("pk", flat=True)
        )
    loaded = 0
    for key in waiting:
        with transaction.atomic(), system():
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
                if not cursor.fetchone()[0]:
                    return None
                # The times that the source states count.
                cursor.execute("SELECT set_config('pgtrigger.ignore', %s, true)", [f"{{{','.join(time_keepers())}}}"])
            loaded += _load(key)
    return loaded, len(waiting) - loaded


def _load(key: UUID) -> bool:
    item = ImportItem.objects.select_for_update(of=("self",)).select_related("document", "handled_by").get(pk=key)
    if item.state != ItemState.CORRECTED or item.corrected is None:
        return False  # another machine was faster
    document = document_of(item)
    try:
        if document is None:
            raise NotCorrectable("The document was not kept: correct it in the previous system.")
        corrected(document, Correction.from_text(item.corrected))
        raw = encode(_with_password(item, document))
    except NotCorrectable as reason:
        item.reopen(str(reason))
        return False
    except UnreadableDocumentError:
        item.reopen("The corrected document cannot be stored as BSON.")
        return False
    known = set(_about_passwords(item).values_list("rule", flat=True))
    load_again(item.collection, raw, item.run_id)
    _about_passwords(item).filter(state=ItemState.OPEN).exclude(rule__in=known).delete()
    item.mark_retried()
    return True


def _with_password(item: ImportItem, document: Fields) -> Fields:
    """With the hash, which is kept with the account only: without it the owner could not sign in any more."""
    if item.collection != "users":
        return document
    stored = User.objects.filter(legacy_id=item.legacy_id).values_list("password", flat=True).first() or ""
    algorithm, _, bcrypt_hash = stored.partition("$")
    if algorithm != LegacyBcryptHasher.algorithm:
        return document
    return Fields([(name, bcrypt_hash if name == "password" else value) for name, value in document.items()])


def _about_passwords(item: ImportItem) -> "models.QuerySet[ImportItem]":
    """What the document without its hash says of the password is no news."""
    return ImportItem.objects.filter(document_id=item.document_id, rule__in=ABOUT_PASSWORDS)
