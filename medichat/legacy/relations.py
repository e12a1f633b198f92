"""What no single document can know: who shares an address, who exists, which visits have which number.

Pure functions over compact keys, so that they can be tested without a database, and ``Settlement``, which applies what
they found to one document. The import sorts the keys of all documents on disk (``medichat.legacy.outline``) and gives
each rule the few that belong together: the accounts of one address, the visits of one patient.

The order decides nothing by chance: ties are broken by the legacy id, so that two runs agree.
"""

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, NamedTuple

from accounts.placeholder import DOMAIN as PLACEHOLDER_DOMAIN
from medichat.legacy.parse import rules
from medichat.legacy.parse.parsing import Finding, Parsed, Row
from medichat.legacy.parse.rows import ActivityLogRow, ConversationRow, MedicalInfoRow, UserRow
from medichat.legacy.parse.whole import set_aside_whole

_Settle = Callable[[Row, list[Finding]], Row]
_NEVER = datetime.max.replace(tzinfo=UTC)


class AccountKey(NamedTuple):
    """What the relations need to know of an account. ``is_exact``: the address was stored in its one form."""

    legacy_id: str
    email: str | None
    is_exact: bool
    is_active: bool
    role: str
    licence_number: str | None

    @classmethod
    def of(cls, parsed: Parsed) -> "AccountKey":
        """The key of a parsed user."""
        (row,) = parsed.rows_of(UserRow)
        is_exact = not any(finding.rule is rules.EMAIL_NORMALISED for finding in parsed.findings)
        return cls(row.legacy_id, row.email, is_exact, row.is_active, row.role, row.licence_number)


def placeholder_address(legacy_id: str) -> str:
    """An address nobody can have, for an account without a usable one."""
    return f"{''.join(c if c.isalnum() and c.isascii() else '-' for c in legacy_id.lower())}@{PLACEHOLDER_DOMAIN}"


def settle_emails(accounts: Iterable[AccountKey]) -> dict[str, str]:
    """The accounts that cannot keep their address, with the legacy id of the one that has it.

    It stays with the account whose address was stored in its one form (only that one could sign in with it), then with
    an active one, then with the older id.
    """
    sharing: dict[str, list[AccountKey]] = defaultdict(list)
    for account in accounts:
        if account.email is not None:
            sharing[account.email].append(account)
    losers: dict[str, str] = {}
    for same in sharing.values():
        keeper, *others = sorted(same, key=lambda one: (not one.is_exact, not one.is_active, one.legacy_id))
        losers.update((other.legacy_id, keeper.legacy_id) for other in others)
    return losers


def duplicate_licences(accounts: Iterable[AccountKey]) -> dict[str, list[str]]:
    """Licence numbers that more than one doctor has, with the doctors' legacy ids."""
    holders: dict[str, list[str]] = defaultdict(list)
    for account in accounts:
        if account.role == "doctor" and account.licence_number:
            holders[" ".join(account.licence_number.lower().split())].append(account.legacy_id)
    return {number: sorted(ids) for number, ids in holders.items() if len(ids) > 1}


class Settlement(ABC):
    """What follows for a document from the other documents; who exists is known to the subclasses."""

    @abstractmethod
    def role_of(self, legacy_id: str) -> str | None:
        """The role of the account; None when there is none."""

    @abstractmethod
    def loses_address(self, account: UserRow) -> bool:
        """Whether another account keeps the address that this one states."""

    @abstractmethod
    def shares_licence(self, account: UserRow) -> bool:
        """Whether another doctor has the same licence number."""

    @abstractmethod
    def visit_number(self, visit: ConversationRow) -> int:
        """The number of the visit among the patient's visits."""

    def settle_user(self, parsed: Parsed) -> Parsed:
        """A user with the address it can keep, a reference only to a doctor there is, and what was found about both."""
        return self._with_rows(parsed, (UserRow, self._settle_account), (MedicalInfoRow, self._settle_medical_info))

    def settle_conversation(self, parsed: Parsed, values: dict[str, Any]) -> Parsed:
        """A conversation with a doctor there is; without its patient it is set aside whole."""
        rows = parsed.rows_of(ConversationRow)
        if not rows:
            return parsed
        patient = rows[0].patient_legacy_id
        if patient is None or self.role_of(patient) is None:
            return set_aside_whole(parsed, values, rules.PATIENT_UNKNOWN)
        return self._with_rows(parsed, (ConversationRow, self._settle_visit))

    def settle_activity_log(self, parsed: Parsed) -> Parsed:
        """Entries outlive the accounts they name: only noted."""
        for row in parsed.rows_of(ActivityLogRow):
            if row.actor_legacy_id is not None and self.role_of(row.actor_legacy_id) is None:
                parsed.findings.append(Finding(rules.ACTOR_UNKNOWN, parsed.legacy_id, ("user",), row.actor_legacy_id))
        return parsed

    def _with_rows(self, parsed: Parsed, *settle: tuple[type[Row], _Settle]) -> Parsed:
        found: list[Finding] = []
        for kind, one in settle:
            parsed.rows = [one(row, found) if type(row) is kind else row for row in parsed.rows]
        parsed.findings.extend(found)
        return parsed

    def _settle_account(self, row: Row, found: list[Finding]) -> Row:
        if not isinstance(row, UserRow):
            return row
        if self.shares_licence(row):
            found.append(Finding(rules.LICENCE_DUPLICATE, row.legacy_id, ("licenseNumber",), row.licence_number))
        if self.loses_address(row):
            found.append(Finding(rules.EMAIL_DUPLICATE, row.legacy_id, ("email",), row.email))
            return replace(row, email=None, password=None)
        return row if row.email is not None else replace(row, password=None)

    def _settle_medical_info(self, row: Row, found: list[Finding]) -> Row:
        if not isinstance(row, MedicalInfoRow):
            return row
        kept = self._doctor(row.assigned_doctor_legacy_id, row.legacy_id, "assignedDoctor", found)
        return replace(row, assigned_doctor_legacy_id=kept)

    def _settle_visit(self, row: Row, found: list[Finding]) -> Row:
        if not isinstance(row, ConversationRow):
            return row
        doctor = self._doctor(row.doctor_legacy_id, row.legacy_id, "doctor", found)
        is_archived = row.archived_by_doctor and doctor is not None
        if row.archived_by_doctor and not is_archived:
            found.append(Finding(rules.ARCHIVED_BY_NOBODY, row.legacy_id, ("archivedByDoctor",), True))
        if row.has_response and doctor is None and row.doctor_legacy_id is not None:
            found.append(Finding(rules.ANSWER_WITHOUT_DOCTOR, row.legacy_id, ("doctorResponse",)))
        number = self.visit_number(row)
        if number != row.visit_number:
            found.append(Finding(rules.VISIT_RENUMBERED, row.legacy_id, ("visitNumber",), row.visit_number))
        return replace(row, doctor_legacy_id=doctor, archived_by_doctor=is_archived, visit_number=number)

    def _doctor(self, named: str | None, of: str, field: str, found: list[Finding]) -> str | None:
        if named is None:
            return None
        role = self.role_of(named)
        if role == "doctor":
            return named
        rule = rules.REFERENCE_TO_NOBODY if role is None else rules.REFERENCE_OF_WRONG_ROLE
        found.append(Finding(rule, of, (field,), named))
        return None


class Directory(Settlement):
    """All accounts in memory, and every visit with the number it states: for a few documents, and to test the rules."""

    def __init__(self, accounts: Iterable[AccountKey]) -> None:
        self._accounts = {account.legacy_id: account for account in accounts}
        self._without_address = settle_emails(self._accounts.values())
        self._sharing_licences = {
            legacy_id for ids in duplicate_licences(self._accounts.values()).values() for legacy_id in ids
        }

    def role_of(self, legacy_id: str) -> str | None:
        """See Settlement."""
        account = self._accounts.get(legacy_id)
        return None if account is None else account.role

    def loses_address(self, account: UserRow) -> bool:
        """See Settlement."""
        return account.legacy_id in self._without_address

    def shares_licence(self, account: UserRow) -> bool:
        """See Settlement."""
        return account.legacy_id in self._sharing_licences

    def visit_number(self, visit: ConversationRow) -> int:
        """See Settlement."""
        return visit.visit_number or 1


class VisitKey(NamedTuple):
    """What numbering needs to know of a conversation that is loaded."""

    patient_legacy_id: str
    visit_number: int | None
    created_at: datetime | None
    legacy_id: str


def number_visits(of_one_patient: Iterable[VisitKey]) -> Iterator[tuple[str, int, bool]]:
    """Legacy id, visit number, and whether it differs from what was stored, for the visits of one patient.

    As long as all stored numbers differ they stay, gaps included. Otherwise all visits are numbered by creation time
    (unknown times last, then by stored number and id).
    """
    visits = list(of_one_patient)
    stored = [visit.visit_number for visit in visits]
    if None not in stored and len(set(stored)) == len(stored):
        yield from ((visit.legacy_id, visit.visit_number or 1, False) for visit in visits)
        return
    for number, visit in enumerate(sorted(visits, key=_age), start=1):
        yield visit.legacy_id, number, number != visit.visit_number


def _age(visit: VisitKey) -> tuple[datetime, int, str]:
    return visit.created_at or _NEVER, visit.visit_number or 0, visit.legacy_id
