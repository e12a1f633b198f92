"""A document as a whole: the beginning of every parser, and what happens when it cannot be taken over at all."""

from typing import Any

from medichat.legacy.document import Document, UnreadableDocumentError
from medichat.legacy.parse import rules
from medichat.legacy.parse.identity import digest, identity
from medichat.legacy.parse.parsing import Claim, Field, Finding, Parsed, Section, Tally, without_secrets
from medichat.legacy.parse.rules import Rule


def begin(document: Document) -> tuple[Parsed, Section]:
    """An empty result and the document's fields, its ``_id`` and version counter already taken.

    Raises UnreadableDocumentError.
    """
    values = document.values
    has_id = "_id" in values
    legacy_id = identity(values["_id"]) if has_id else f"without-id:{digest(document.raw.hex())}"
    parsed = Parsed(legacy_id)
    section = Section(Field(parsed, (), values))
    section.take("_id").claim("legacy_id")
    counter = section.take("__v")
    counter.claim(f"rule:{rules.VERSION_COUNTER}")
    if counter.value is None:
        counter.note(rules.WRITTEN_ELSEWHERE)
    return parsed, section


def unreadable(document: Document, entity: str) -> Parsed:
    """What becomes of a document that cannot be decoded: set aside as bytes."""
    legacy_id = f"unreadable:{digest(document.raw.hex())}"
    return Parsed(
        legacy_id,
        findings=[Finding(rules.DOCUMENT_UNREADABLE, legacy_id, (), document.raw)],
        claims=[Claim((), f"set_aside:{rules.DOCUMENT_UNREADABLE.code}")],
        tally=[Tally(entity, (), "set_aside")],
    )


def set_aside_whole(parsed: Parsed, values: dict[str, Any], rule: Rule, note: str = "") -> Parsed:
    """Nothing of the document is loaded; its elements are counted as set aside with it.

    What the parser found of secrets still counts: they are not kept.
    """
    raw, has_secrets = kept_of(values, parsed.findings)
    findings = [finding for finding in parsed.findings if not finding.rule.keeps_raw]
    if has_secrets and not findings:
        findings = [Finding(rules.SECRET_NOT_KEPT, parsed.legacy_id, ())]
    return Parsed(
        parsed.legacy_id,
        findings=[Finding(rule, parsed.legacy_id, (), raw, note), *findings],
        claims=[Claim((), f"set_aside:{rule.code}")],
        tally=[Tally(entity, path, "set_aside") for entity, path, _ in parsed.tally],
    )


def kept_of(values: dict[str, Any], findings: list[Finding]) -> tuple[dict[str, Any], bool]:
    """What of a document may be kept, and whether there were secrets: those the parser found are not kept either."""
    raw, has_secrets = without_secrets(values)
    for finding in findings:
        if not finding.rule.keeps_raw:
            raw = _without(raw, finding.path)
    return raw, has_secrets


def _without(values: dict[str, Any], path: tuple[str | int, ...]) -> dict[str, Any]:
    """A copy without the field at the top under which the path leads."""
    return {name: value for name, value in values.items() if not path or name != path[0]}


__all__ = ["UnreadableDocumentError", "begin", "kept_of", "set_aside_whole", "unreadable"]
