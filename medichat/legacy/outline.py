"""The first, light pass: what every document says that concerns others, and what follows from all of it together.

Who exists in which role, who shares an address or a licence, which visit has which number. The keys of all documents
are sorted on disk and the rules of ``medichat.legacy.relations`` are given those that belong together; what comes out
are two index files that every worker can look things up in. So memory does not grow with the source, a dry run needs no
table, and the order in which documents are loaded decides nothing.
"""

import hashlib
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from medichat.legacy.document import Document, UnreadableDocumentError
from medichat.legacy.parse import PARSERS
from medichat.legacy.parse.parsing import Parsed
from medichat.legacy.parse.rows import ConversationRow, UserRow
from medichat.legacy.relations import (
    AccountKey,
    Settlement,
    VisitKey,
    duplicate_licences,
    number_visits,
    settle_emails,
)
from medichat.legacy.scratch import KEY_BYTES, Index, Scratch, Sorter, write_index

NEEDED = {
    "users": ("_id", "email", "role", "isActive", "licenseNumber", "specialization"),
    "conversations": ("_id", "patient", "visitNumber", "createdAt"),
}
"""What the light pass reads of a document; parsing the rest of it comes later."""

_ROLES = ("", "patient", "doctor", "admin")
_ROLE, _LOSES_ADDRESS, _SHARES_LICENCE, _TWICE = 0b11, 0b100, 0b1000, 0b10000
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_NEVER = 2**63


@dataclass(frozen=True)
class Paths:
    """Where the index files are, and the key of their hashes: what a worker needs to know."""

    accounts: Path
    visits: Path
    key: bytes = field(repr=False)

    def hashed(self, text: str) -> bytes:
        """The key of a text in the files."""
        return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), key=self.key, digest_size=KEY_BYTES).digest()


def paths_in(scratch: Scratch) -> Paths:
    """For a run that begins."""
    return Paths(scratch.folder / "accounts", scratch.folder / "visits", secrets.token_bytes(32))


def reduced(collection: str, document: Document) -> Parsed | None:
    """What a document says of what others need to know; None for one that cannot be read or has no identity."""
    try:
        values = document.values
    except UnreadableDocumentError:
        return None
    if "_id" not in values:
        return None
    light = Document(b"")
    light.__dict__["values"] = {name: values[name] for name in NEEDED[collection] if name in values}
    return PARSERS[collection](light)


def account_records(raws: list[bytes], paths: Paths) -> list[tuple[bytes, bytes, bytes]]:
    """For each user: a record by address, one by licence (each may be empty), and one by identity."""
    found = []
    for raw in raws:
        parsed = reduced("users", Document(raw))
        if parsed is None or not parsed.rows_of(UserRow):
            continue
        key = AccountKey.of(parsed)
        own = key.legacy_id.encode()
        by_address = by_licence = b""
        if key.email is not None:
            by_address = paths.hashed(key.email) + bytes([not key.is_exact, not key.is_active]) + own
        if key.role == "doctor" and key.licence_number:
            by_licence = paths.hashed(" ".join(key.licence_number.lower().split())) + own
        found.append((by_address, by_licence, paths.hashed(key.legacy_id) + bytes([_ROLES.index(key.role)])))
    return found


def visit_records(raws: list[bytes], paths: Paths) -> list[bytes]:
    """For each conversation: patient, number and time, and its legacy id."""
    found = []
    for raw in raws:
        parsed = reduced("conversations", Document(raw))
        rows = [] if parsed is None else parsed.rows_of(ConversationRow)
        if not rows or rows[0].patient_legacy_id is None:
            continue
        (row,) = rows
        at = _NEVER if row.created_at is None else int((row.created_at - _BEGINNING) / timedelta(microseconds=1))
        stated = at.to_bytes(9, "big", signed=True) + (row.visit_number or 0).to_bytes(8, "big")
        found.append(paths.hashed(row.patient_legacy_id or "") + stated + row.legacy_id.encode())
    return found


@dataclass
class Outline:
    """Gathers the records of the light pass and writes the index files."""

    scratch: Scratch
    paths: Paths

    def __post_init__(self) -> None:
        self._addresses = Sorter(self.scratch, "addresses")
        self._licences = Sorter(self.scratch, "licences")
        self._marks = Sorter(self.scratch, "marks")
        self._visits = Sorter(self.scratch, "visits-stated")

    def add_accounts(self, found: list[tuple[bytes, bytes, bytes]]) -> None:
        """What ``account_records`` gave."""
        for by_address, by_licence, mark in found:
            if by_address:
                self._addresses.add(by_address)
            if by_licence:
                self._licences.add(by_licence)
            self._marks.add(mark)

    def add_visits(self, found: list[bytes]) -> None:
        """What ``visit_records`` gave."""
        for record in found:
            self._visits.add(record)

    def write(self) -> None:
        """Apply the rules to those who belong together, and write what came out."""
        for group in self._addresses.groups(KEY_BYTES):
            same = [AccountKey(one[2:].decode(), "same", not one[0], not one[1], "", None) for one in group]
            self._mark(settle_emails(same), _LOSES_ADDRESS)
        for group in self._licences.groups(KEY_BYTES):
            same = [AccountKey(one.decode(), None, True, True, "doctor", "same") for one in group]
            self._mark(duplicate_licences(same).get("same", []), _SHARES_LICENCE)
        write_index(self.paths.accounts, self._merged_marks())
        renumbered = Sorter(self.scratch, "visits-renumbered")
        for group in self._visits.groups(KEY_BYTES):
            for legacy_id, number, differs in number_visits(map(_visit, group)):
                if differs:
                    renumbered.add(self.paths.hashed(legacy_id) + number.to_bytes(4, "big"))
        write_index(self.paths.visits, _each_once(renumbered))

    def _mark(self, legacy_ids: object, flag: int) -> None:
        assert isinstance(legacy_ids, (dict, list))
        for legacy_id in legacy_ids:
            self._marks.add(self.paths.hashed(legacy_id) + bytes([flag]))

    def _merged_marks(self) -> Iterator[bytes]:
        key, flags = b"", 0
        for record in self._marks:
            if record[:KEY_BYTES] != key:
                if key:
                    yield key + bytes([flags])
                key, flags = record[:KEY_BYTES], 0
            is_role = record[-1] <= _ROLE
            if is_role and flags & _ROLE:
                flags |= _TWICE
            else:
                flags |= record[-1]
        if key:
            yield key + bytes([flags])


def _visit(record: bytes) -> VisitKey:
    at = int.from_bytes(record[:9], "big", signed=True)
    created_at = None if at == _NEVER else _BEGINNING + timedelta(microseconds=at)
    return VisitKey("", int.from_bytes(record[9:17], "big") or None, created_at, record[17:].decode())


def _each_once(records: Sorter) -> Iterator[bytes]:
    last = b""
    for record in records:
        if record[:KEY_BYTES] != last:
            last = record[:KEY_BYTES]
            yield record


class OutlineSettlement(Settlement):
    """Settles documents by the index files.

    ``imported`` are accounts that are not in the source (any more) and were imported before: what belongs to them stays
    theirs.
    """

    def __init__(self, paths: Paths) -> None:
        self._paths = paths
        self._accounts = Index(paths.accounts, 1)
        self._visits = Index(paths.visits, 4)
        self.imported: dict[str, str] = {}
        self._flags_of: dict[str, int] = {}

    def _flags(self, legacy_id: str) -> int:
        flags = self._flags_of.get(legacy_id)
        if flags is None:
            found = self._accounts.find(self._paths.hashed(legacy_id))
            if len(self._flags_of) > 100_000:
                self._flags_of.clear()
            flags = self._flags_of[legacy_id] = found[0] if found else 0
        return flags

    def is_in_source(self, legacy_id: str) -> bool:
        """Whether the source has this account."""
        return bool(self._flags(legacy_id))

    def role_of(self, legacy_id: str) -> str | None:
        """See Settlement."""
        return _ROLES[self._flags(legacy_id) & _ROLE] or self.imported.get(legacy_id)

    def loses_address(self, account: UserRow) -> bool:
        """See Settlement."""
        return bool(self._flags(account.legacy_id) & _LOSES_ADDRESS)

    def shares_licence(self, account: UserRow) -> bool:
        """See Settlement."""
        return bool(self._flags(account.legacy_id) & _SHARES_LICENCE)

    def visit_number(self, visit: ConversationRow) -> int:
        """See Settlement."""
        found = self._visits.find(self._paths.hashed(visit.legacy_id))
        return int.from_bytes(found, "big") if found else visit.visit_number or 1

    def close(self) -> None:
        """Let go of the files."""
        self._accounts.close()
        self._visits.close()
