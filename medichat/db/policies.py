"""Row-level security: the migration operation and the sentences the policies are made of.

Who may see a row is decided from the context (see ``medichat.db.context``) and from one table, ``care_relations``.
A policy never reads another table with patient data, so policies do not call each other. Settings are read in scalar
subselects, so that PostgreSQL evaluates them once per query.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from django.core.exceptions import ImproperlyConfigured
from django.db.migrations.operations.base import Operation

ME = "(SELECT nullif(current_setting('medichat.user_id', true), '')::uuid)"
SIGN_IN_KEY = "(SELECT nullif(current_setting('medichat.sign_in_key', true), ''))"


def acts_as(*roles: str) -> str:
    """The context is of one of these roles.

    Compared inside the sub-select: its result is then a plain truth value, which PostgreSQL takes to be true for half
    of the rows. A comparison outside it takes to be true for one row in 200, and plans every page for next to none.
    """
    named = ", ".join(f"'{role}'" for role in roles)
    return f"(SELECT current_setting('medichat.role', true) IN ({named}))"


# The table that a policy stands on; ``Policy.sql`` puts its name here. Inside a sub-select a bare column would be the
# relation's own.
_THIS = "{table}"


def my_patient(column: str = "patient_id") -> str:
    """A patient whom this doctor cares for or may look at (assigned, claimed, answered, break-glass).

    EXISTS, because PostgreSQL then chooses for each statement: a look at the index for each of a few rows, or one hash
    of all the doctor's patients for many. ``IN (SELECT ...)`` is always the hash, thousands of relations for one row.
    """
    return (
        "EXISTS (SELECT FROM care_relations relation "  # nosec B608 -- constants of this program
        f"WHERE relation.doctor_id = {ME} AND relation.patient_id = {_THIS}.{column} "
        "AND (relation.valid_until IS NULL OR relation.valid_until > now()))"
    )


def patient_with_open_case(column: str = "patient_id") -> str:
    """A patient of whom a case waits for any approved doctor."""
    # Such a relation has no end until somebody takes the case: without OR, the small index of open cases is enough.
    return (
        "EXISTS (SELECT FROM care_relations relation "  # nosec B608 -- constants of this program
        "WHERE relation.doctor_id IS NULL AND relation.valid_until IS NULL "
        f"AND relation.patient_id = {_THIS}.{column})"
    )


def open_case(case_column: str = "conversation_id") -> str:
    """A case that waits for any approved doctor; a relation of one patient never opens a case of another."""
    return f"{patient_with_open_case()[:-1]} AND relation.case_id = {_THIS}.{case_column})"


def sent_off(case_column: str = "conversation_id") -> str:
    """What belongs to a case that its patient has sent off; before that they talk with the assistant alone.

    Asked of ``unfinished_cases``, which a trigger keeps: few rows, and no policy that looks into another.
    """
    return (
        "NOT EXISTS (SELECT FROM unfinished_cases unfinished "  # nosec B608 -- constants of this program
        f"WHERE unfinished.conversation_id = {_THIS}.{case_column})"
    )


@dataclass(frozen=True)
class Policy:
    """One permissive policy: rows that satisfy ``using`` may be read or changed, new ones must satisfy ``check``."""

    name: str
    command: Literal["ALL", "SELECT", "INSERT", "UPDATE", "DELETE"]
    using: str = ""
    check: str = ""

    def sql(self, table: str) -> str:
        """The CREATE POLICY statement."""
        clauses = f" USING ({self.using})" if self.using else ""
        clauses += f" WITH CHECK ({self.check})" if self.check else ""
        return f"CREATE POLICY {self.name} ON {table} FOR {self.command}{clauses}".replace(_THIS, table)


def reads(name: str, condition: str) -> Policy:
    """These rows may be read."""
    return Policy(name, "SELECT", using=condition)


def adds(name: str, condition: str) -> Policy:
    """Rows like these may be inserted."""
    return Policy(name, "INSERT", check=condition)


def changes(name: str, condition: str) -> Policy:
    """These rows may be updated, and must satisfy the condition afterwards."""
    return Policy(name, "UPDATE", using=condition, check=condition)


def administration() -> list[Policy]:
    """Administrators read, add and change everything (and it is on the record); only the system deletes."""
    both = acts_as("admin", "system")
    return [
        reads("administration_reads", both),
        adds("administration_adds", both),
        changes("administration_changes", both),
        Policy("system_deletes", "DELETE", using=acts_as("system")),
    ]


def own(column: str = "patient_id") -> str:
    """The patient's own row."""
    return f"{acts_as('patient')} AND {column} = {ME}"


def cared_for(column: str = "patient_id") -> str:
    """The row of a patient with whom the doctor has a relation in force."""
    return f"{acts_as('doctor')} AND {my_patient(column)}"


def chart_of_mine_or_waiting(column: str = "patient_id") -> str:
    """The chart of a patient whom the doctor cares for, or whose case waits for any doctor."""
    return f"{acts_as('doctor')} AND ({patient_with_open_case(column)} OR {my_patient(column)})"


def case_of_mine_or_waiting(case_column: str = "conversation_id") -> str:
    """What belongs to a case of the doctor's patients, or to a case that waits for any doctor."""
    return f"{acts_as('doctor')} AND ({open_case(case_column)} OR {my_patient()})"


def sent_case_of_mine_or_waiting(case_column: str = "conversation_id") -> str:
    """As ``case_of_mine_or_waiting``, and nothing of a case that the patient has not sent off."""
    return f"{acts_as('doctor')} AND ({open_case(case_column)} OR {my_patient()} AND {sent_off(case_column)})"


def chart_policies(patient_writes: str = "") -> list[Policy]:
    """Part of a chart: the patient and their doctors read and write it, the patient ``patient_writes`` only."""
    patient_writes = patient_writes or own()
    doctor = chart_of_mine_or_waiting()
    return [
        *administration(),
        reads("patient_reads", own()),
        adds("patient_adds", patient_writes),
        changes("patient_changes", patient_writes),
        reads("doctor_reads", doctor),
        adds("doctor_adds", doctor),
        changes("doctor_changes", doctor),
    ]


class AddPolicies(Operation):
    """Create policies on a table that is protected already. Reversible."""

    reversible = True

    def __init__(self, table: str, policies: Sequence[Policy]) -> None:
        self.table = table
        self.policies = policies

    def state_forwards(self, app_label: str, state: Any) -> None:
        """Policies are no part of Django's model state."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """Create the policies."""
        for policy in self.policies:
            schema_editor.execute(policy.sql(self.table), params=None)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """Drop the policies."""
        for policy in self.policies:
            schema_editor.execute(f"DROP POLICY {policy.name} ON {self.table}")

    def describe(self) -> str:
        """One line for the migration's output."""
        return f"Say who may see and change rows of {self.table}"


class ReplacePolicies(Operation):
    """Give policies of a table other conditions, under the same names. Reversible."""

    reversible = True

    def __init__(self, table: str, policies: Sequence[Policy], *, before: Sequence[Policy]) -> None:
        self.table = table
        self.policies = policies
        self.before = before

    def state_forwards(self, app_label: str, state: Any) -> None:
        """Policies are no part of Django's model state."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """Put the new ones in place of those before."""
        self._replace(schema_editor, self.before, self.policies)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """Put those before back."""
        self._replace(schema_editor, self.policies, self.before)

    def _replace(self, schema_editor: Any, old: Sequence[Policy], new: Sequence[Policy]) -> None:
        for policy in old:
            schema_editor.execute(f"DROP POLICY {policy.name} ON {self.table}")
        for policy in new:
            schema_editor.execute(policy.sql(self.table), params=None)

    def describe(self) -> str:
        """One line for the migration's output."""
        return f"Say anew who may see and change rows of {self.table}"


class ProtectRows(AddPolicies):
    """Switch row-level security on, force it for the owner too, and create the policies. Reversible."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """Protect the table."""
        schema_editor.execute(f"ALTER TABLE {self.table} ENABLE ROW LEVEL SECURITY")
        schema_editor.execute(f"ALTER TABLE {self.table} FORCE ROW LEVEL SECURITY")
        super().database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """Remove the policies and the protection."""
        super().database_backwards(app_label, schema_editor, from_state, to_state)
        schema_editor.execute(f"ALTER TABLE {self.table} NO FORCE ROW LEVEL SECURITY")
        schema_editor.execute(f"ALTER TABLE {self.table} DISABLE ROW LEVEL SECURITY")

    def describe(self) -> str:
        """One line for the migration's output."""
        return f"Protect the rows of {self.table}"


# What belongs to a patient by its column, or to a protected row by its foreign key, holds patient data. A materialised
# view cannot be protected, so one with patient data is always refused.
UNPROTECTED = """
SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname NOT LIKE 'pg\\_%%' AND n.nspname <> 'information_schema'
  AND c.relkind IN ('r', 'p', 'm') AND NOT c.relispartition
  AND (EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'patient_id' AND NOT a.attisdropped)
       OR EXISTS (SELECT FROM pg_constraint k JOIN pg_class referred ON referred.oid = k.confrelid
                  WHERE k.conrelid = c.oid AND k.contype = 'f' AND referred.relrowsecurity)
       OR c.relname = ANY(%s))
  AND NOT (c.relrowsecurity AND c.relforcerowsecurity AND EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid))
ORDER BY 1
"""
# Tables that hold patient data without a patient_id of their own.
ALSO_PROTECTED = [
    "users", "sessions", "mfa_tokens", "stored_answers", "auditlog_logentry", "django_admin_log", "activity_logs",
    "import_runs", "import_batches", "import_documents", "import_items",
]  # fmt: skip


def refuse_unprotected_tables(connection: Any) -> None:
    """Raise ImproperlyConfigured, naming them, when tables with patient data have no forced row security."""
    with connection.cursor() as cursor:
        cursor.execute(UNPROTECTED, [ALSO_PROTECTED])
        tables = [name for (name,) in cursor.fetchall()]
    if tables:
        raise ImproperlyConfigured(
            f"These tables hold patient data and have no forced row-level security: {', '.join(tables)}. "
            "Add a ProtectRows operation (medichat.db.policies) to the migration that creates them."
        )
