"""LOG_SQL=1: every SQL statement with its duration, for development. Values never appear, they are patient data."""

import logging
import re
import time
from collections.abc import Callable
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

logger = logging.getLogger("medichat.sql")

# Values that were written into the statement itself (as in DDL) rather than bound to it.
LITERAL = re.compile(r"'(?:[^']|'')*'")


def install() -> None:
    """Log the statements of every connection made from now on."""
    connection_created.connect(_watch, dispatch_uid="medichat.sql_log")


def masked(statement: str) -> str:
    """The statement on one line with every literal text replaced; bound parameters are placeholders anyway."""
    return " ".join(LITERAL.sub("'…'", statement).split())


def _watch(sender: type[BaseDatabaseWrapper], connection: BaseDatabaseWrapper, **_rest: object) -> None:
    # A pooled connection announces itself at every request.
    if _timed not in connection.execute_wrappers:
        connection.execute_wrappers.append(_timed)


def _timed(
    execute: Callable[[str, Any, bool, dict[str, Any]], Any],
    statement: str,
    parameters: Any,
    many: bool,
    context: dict[str, Any],
) -> Any:
    begun = time.perf_counter()
    outcome = "ok"
    try:
        return execute(statement, parameters, many, context)
    except BaseException as error:
        outcome = type(error).__name__
        raise
    finally:
        milliseconds = (time.perf_counter() - begun) * 1000
        alias = context["connection"].alias
        logger.info("%s %.1f ms %s: %s", alias, milliseconds, outcome, masked(str(statement)))
