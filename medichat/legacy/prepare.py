"""From bytes to what is to be loaded: parsed, settled with the other documents, and accounted for leaf by leaf."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from bson import Binary

from medichat.legacy import account
from medichat.legacy.columns import records
from medichat.legacy.counts import Counts, count_finding
from medichat.legacy.document import Document, UnreadableDocumentError, bytes_at, kept
from medichat.legacy.ledger import outcome_digest
from medichat.legacy.outline import OutlineSettlement
from medichat.legacy.parse import PARSERS
from medichat.legacy.parse.identity import row_id
from medichat.legacy.parse.parsing import Finding, Parsed, Row, extended_json
from medichat.legacy.parse.rows import ActivityLogRow, ConversationRow, MedicalInfoRow, UserRow
from medichat.legacy.parse.rules import UNREADABLE_CHARACTERS, Rule
from medichat.legacy.parse.whole import kept_of, set_aside_whole
from medichat.legacy.relations import Settlement
from medichat.legacy.tables import Record

LARGEST_KEPT = 64 * 1024 * 1024
"""Characters of a document's extended JSON: what 16 MB of BSON can become, and nothing absurd."""


@dataclass(frozen=True)
class Prepared:
    """One document, ready to be loaded.

    ``look_again``: the outcome depends on something of this system, so that every run tries again. ``refused`` are the
    tables of rows that the database did not take.
    """

    collection: str
    document: Document
    parsed: Parsed
    records: Sequence[Record]
    look_again: bool = False
    refused: tuple[str, ...] = ()

    @property
    def legacy_id(self) -> str:
        """The document's identity."""
        return self.parsed.legacy_id

    @kept
    def key(self) -> UUID:
        """The id of its row in the ledger (``ImportedDocument.key``)."""
        return row_id(f"import_documents.{self.collection}", self.parsed.legacy_id)

    @kept
    def digest(self) -> bytes:
        """Of everything it became; empty where it must be looked at again at the next run."""
        return b"" if self.look_again else outcome_digest(self.records, self.parsed.findings)

    @property
    def kept_raw(self) -> str | None:
        """The whole document for the archive, without secrets; None where nothing was set aside, or an item has it."""
        findings = self.parsed.findings
        if not any(finding.rule.outcome == "set_aside" for finding in findings):
            return None
        if any(not finding.path and finding.raw is not None for finding in findings):
            return None
        try:
            kept, _ = kept_of(self.document.values, findings)
        except UnreadableDocumentError:
            return None
        text = extended_json(kept)
        return text if len(text) <= LARGEST_KEPT else None

    def without(self, record: Record, finding: Finding) -> "Prepared":
        """Without a row that the database refuses."""
        return replace(
            self,
            records=[one for one in self.records if one is not record],
            parsed=replace(self.parsed, findings=[*self.parsed.findings, finding]),
            refused=(*self.refused, record.table.name),
            look_again=True,
        )

    def noting(self, findings: Iterable[Finding], *, look_again: bool = False) -> "Prepared":
        """With more findings."""
        parsed = replace(self.parsed, findings=[*self.parsed.findings, *findings])
        return replace(self, parsed=parsed, look_again=self.look_again or look_again)

    def set_aside(self, rule: Rule, note: str) -> "Prepared":
        """Nothing of it is loaded."""
        parsed = set_aside_whole(self.parsed, self.document.values, rule, note)
        return replace(self, parsed=parsed, records=[])

    def changed(self, record: Record, finding: Finding) -> "Prepared":
        """With another version of a row, because of something that this system holds already."""
        found = [record if one.id == record.id and one.table is record.table else one for one in self.records]
        parsed = replace(self.parsed, findings=[*self.parsed.findings, finding])
        return replace(self, records=found, parsed=parsed, look_again=True)


def parse(collection: str, raws: Iterable[bytes]) -> list[tuple[Document, Parsed]]:
    """Each document with what the parser made of it."""
    parser = PARSERS[collection]
    return [(document, parser(document)) for document in map(Document, raws)]


_NAMING: dict[type[Row], tuple[str, ...]] = {
    MedicalInfoRow: ("assigned_doctor_legacy_id",),
    ConversationRow: ("patient_legacy_id", "doctor_legacy_id"),
    ActivityLogRow: ("actor_legacy_id",),
}


def accounts_named(parsed: Parsed) -> Iterable[str]:
    """The legacy ids of the accounts that a document names."""
    for row in parsed.rows:
        kind = type(row)
        if kind not in _NAMING:
            continue
        for name in _NAMING[kind]:
            legacy_id = getattr(row, name)
            if legacy_id is not None:
                yield legacy_id


def not_in_source(found: Iterable[tuple[Document, Parsed]], settlement: OutlineSettlement) -> list[str]:
    """The accounts that documents name and that the source does not have: they may have been imported before."""
    named = {legacy_id for _, parsed in found for legacy_id in accounts_named(parsed)}
    return sorted(legacy_id for legacy_id in named if not settlement.is_in_source(legacy_id))


def settle(collection: str, document: Document, parsed: Parsed, settlement: Settlement) -> Prepared:
    """One document in the light of the others."""
    if collection == "users":
        parsed = settlement.settle_user(parsed)
    elif collection == "conversations":
        parsed = settlement.settle_conversation(parsed, {} if not parsed.rows else document.values)
    else:
        parsed = settlement.settle_activity_log(parsed)
    if any(finding.rule is UNREADABLE_CHARACTERS for finding in parsed.findings):
        parsed = replace(parsed, findings=[_with_bytes(finding, document) for finding in parsed.findings])
    return Prepared(collection, document, parsed, records(parsed))


def _with_bytes(finding: Finding, document: Document) -> Finding:
    """With the bytes themselves where a text is no UTF-8."""
    if finding.rule is not UNREADABLE_CHARACTERS:
        return finding
    stored = bytes_at(document, finding.path)
    return finding if stored is None else replace(finding, raw=Binary(stored))


def count(prepared: Iterable[Prepared], counts: Counts) -> None:
    """Account for each document against its bytes, and count fates and findings."""
    ledger = account.Ledger()
    for one in prepared:
        for sentence in ledger.add(one.collection, one.document, one.parsed):
            counts.discrepancy(one.collection, one.legacy_id, sentence)
        counts.documents[one.collection] += 1
        for table in one.refused:
            counts.fate(table, "loaded", -1)
            counts.fate(table, "set_aside")
        for finding in one.parsed.findings:
            count_finding(counts, one.collection, finding)
        if one.collection == "users":
            _count_accounts(one, counts)
    counts.source.update(ledger.source)
    for (entity, fate), times in ledger.fates.items():
        counts.fate(entity, fate, times)


def _count_accounts(one: Prepared, counts: Counts) -> None:
    codes = {finding.rule.code for finding in one.parsed.findings}
    for user in one.parsed.rows_of(UserRow):
        counts.accounts["without_sign_in"] += user.password is None or not user.is_active
        counts.accounts["deactivated"] += not user.is_active
        counts.accounts["email_conflicts"] += "email_duplicate" in codes
