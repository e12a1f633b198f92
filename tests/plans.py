"""Looking at the plans of the statements that pages really run, in their own transaction and context.

with explained() as statements:
    client_of(doctor).get("/queue/")
assert not [scan for statement in statements for scan in scans_of(statement.plan, LARGE)]
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections

# Grow with every patient, visit or act; a sequential scan of one of them gets slower with each.
LARGE = frozenset(
    {
        "users",
        "sessions",
        "care_relations",
        "patient_medical_info",
        "allergies",
        "medications",
        "medical_history",
        "vital_signs",
        "earlier_statements",
        "conversations",
        "messages",
        "symptoms",
        "red_flags",
        "attachments",
        "prescriptions",
        "conversation_words",
        "search_words",
        "activity_logs",
    }
)
_EXPLAINED = ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")
Plan = Mapping[str, Any]


@dataclass(frozen=True)
class Statement:
    """One statement and how the server would run it."""

    sql: str
    plan: Plan


@dataclass(frozen=True)
class Scan:
    """A scan that reads a table from beginning to end. ``rows`` is the estimate of what it gives."""

    table: str
    kind: str
    rows: int


@dataclass
class _Explaining:
    """Runs EXPLAIN before each statement, on the same connection: the same role, context and parameters."""

    using: str
    statements: list[Statement] = field(default_factory=list)
    busy: bool = False

    def __call__(
        self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Mapping[str, Any]
    ) -> Any:
        if not self.busy and not many and str(sql).lstrip().upper().startswith(_EXPLAINED):
            self.busy = True
            try:
                with connections[self.using].cursor() as cursor:
                    cursor.execute(f"EXPLAIN (FORMAT JSON, VERBOSE) {sql}", params)
                    (found,) = cursor.fetchone()
            finally:
                self.busy = False
            plan = json.loads(found) if isinstance(found, str) else found
            self.statements.append(Statement(str(sql), plan[0]["Plan"]))
        return execute(sql, params, many, context)


@contextmanager
def explained(using: str = DEFAULT_DB_ALIAS) -> Iterator[list[Statement]]:
    """The statements of the block (those of this thread) with their plans."""
    explaining = _Explaining(using)
    with connections[using].execute_wrapper(explaining):
        yield explaining.statements


def nodes_of(plan: Plan) -> Iterator[Plan]:
    """The plan and everything below it, sub-plans included."""
    yield plan
    for part in plan.get("Plans", ()):
        yield from nodes_of(part)


def scans_of(plan: Plan, tables: Sequence[str] | frozenset[str] = LARGE) -> list[Scan]:
    """Every sequential scan of one of these tables or of a partition of theirs."""
    found = []
    for node in nodes_of(plan):
        name = node.get("Relation Name", "")
        table = next((table for table in tables if name == table or name.startswith(f"{table}_")), None)
        if table and node["Node Type"].endswith("Seq Scan"):
            found.append(Scan(name, node["Node Type"], node["Plan Rows"]))
    return found


def tables_of(statement: Statement) -> set[str]:
    """The tables that the plan reads or writes."""
    return {node["Relation Name"] for node in nodes_of(statement.plan) if "Relation Name" in node}
