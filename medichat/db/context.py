"""Who is acting, told to PostgreSQL so that row-level security can decide.

The context lives in transaction-local settings (``medichat.role``, ``medichat.user_id``, ``medichat.sign_in_key``).
They never outlive the transaction: a pooled connection carries nothing from one request to the next. No context means
no rows. Leaving a context restores the earlier values, because the settings survive the release of a savepoint.
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal, Protocol

from django.db import DEFAULT_DB_ALIAS, connections, transaction
from psycopg.pq import TransactionStatus

Role = Literal["patient", "doctor", "admin", "system", "sign_in", "verify", ""]

_SETTINGS = ("medichat.role", "medichat.user_id", "medichat.sign_in_key")
_READ = ", ".join(f"current_setting('{name}', true)" for name in _SETTINGS)
_WRITE = ", ".join(f"set_config('{name}', %s, true)" for name in _SETTINGS)


class Actor(Protocol):
    """What a context needs to know of a person."""

    @property
    def pk(self) -> uuid.UUID: ...

    @property
    def database_role(self) -> Role: ...


@contextmanager
def acting(
    *,
    role: Role,
    user_id: uuid.UUID | None = None,
    sign_in_key: str = "",
    using: str = DEFAULT_DB_ALIAS,
) -> Iterator[None]:
    """Act in this role until the block ends; opens a transaction when there is none.

    ``sign_in_key`` names the one row that the ``sign_in`` role may open: an e-mail address or the hash of a session
    key. For the role ``verify``, whoever holds a prescription's paper, it is the hash of the sheet's code.
    """
    connection = connections[using]
    if not connection.in_atomic_block:
        # A transaction of its own begins without any context, and what is set in it ends with it.
        with transaction.atomic(using=using):
            if role or user_id or sign_in_key:
                switch_to(role=role, user_id=user_id, sign_in_key=sign_in_key, using=using)
            yield
        return
    with connection.cursor() as cursor:
        # The select list is evaluated from left to right: the earlier values are read before they are replaced.
        cursor.execute(f"SELECT {_READ}, {_WRITE}", [role, str(user_id or ""), sign_in_key])
        row = cursor.fetchone()
    earlier = [value or "" for value in row[: len(_SETTINGS)]]
    try:
        yield
    finally:
        # In a failed transaction nothing can be set, and nothing need be: rolling back restores the settings.
        raw = connection.connection
        if (
            raw is not None
            and raw.info.transaction_status == TransactionStatus.INTRANS
            and not connection.needs_rollback
        ):
            with connection.cursor() as cursor:
                cursor.execute(f"SELECT {_WRITE}", earlier)


def switch_to(
    *, role: Role, user_id: uuid.UUID | None = None, sign_in_key: str = "", using: str = DEFAULT_DB_ALIAS
) -> None:
    """Change the context for the rest of the enclosing ``acting`` block or transaction (used while signing in)."""
    connection = connections[using]
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("A database context needs a transaction around it.")
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {_WRITE}", [role, str(user_id or ""), sign_in_key])


@contextmanager
def acting_as(user: Actor, *, using: str = DEFAULT_DB_ALIAS) -> Iterator[None]:
    """Act as this signed-in person, with the role the database grants them (none for an unapproved doctor)."""
    with acting(role=user.database_role, user_id=user.pk, using=using):
        yield


@contextmanager
def system(*, using: str = DEFAULT_DB_ALIAS) -> Iterator[None]:
    """Act as the system: commands and periodic work only, never while a page is served."""
    with acting(role="system", using=using):
        yield
