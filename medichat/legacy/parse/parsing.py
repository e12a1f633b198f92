"""What every parser works with: a field and where it stands, what claims it, and what was found about it.

A parser takes each field once (``Section.take``), says which column, rule or reason claims it, and sets aside what is
left over (``Section.set_aside_rest``). So nothing is dropped by forgetting it; ``medichat.legacy.account`` checks that.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, ClassVar, Literal, NamedTuple, TypeVar

from bson import json_util

from medichat.legacy.document import TWICE, Path
from medichat.legacy.parse import rules
from medichat.legacy.parse.rules import Rule

Fate = Literal["loaded", "merged", "set_aside"]

_SECRET_NAME = re.compile(
    r"passw|passphrase|pwd|secret|token|authori[sz]ation|bearer|cookie|api.?key|private.?key|credential|otp|jwt|session.?id",
    re.IGNORECASE,
)
_SECRET_TEXT = re.compile(
    r"\b(?:bearer|basic)\s+[\w.~+/=-]{8,}|\$2[abxy]\$\d\d\$[./\w]{20,}|\beyJ[\w-]{8,}\.[\w.-]+|"
    r"-----BEGIN [A-Z ]*PRIVATE KEY",
    re.IGNORECASE,
)
NOT_KEPT = "[secret, not kept]"


class Claim(NamedTuple):
    """``by`` is ``table.column``, ``rule:code`` (nothing is loaded from it directly) or ``set_aside:code``."""

    path: Path
    by: str


class Tally(NamedTuple):
    """What became of one element that is counted: ``entity`` is a table, or ``doctor_responses``."""

    entity: str
    path: Path
    fate: Fate


# The same as Claim(...) and Tally(...) in half the time: there is one of them for each leaf and each element.
_claim: Callable[[tuple[Path, str]], Claim] = partial(tuple.__new__, Claim)
_tally: Callable[[tuple[str, Path, Fate]], Tally] = partial(tuple.__new__, Tally)


@dataclass(frozen=True, slots=True)
class Finding:
    """One application of a rule. ``raw`` is the value as it stood in the source, without secrets; never log it."""

    rule: Rule
    legacy_id: str
    path: Path
    raw: Any = field(default=None, repr=False)
    note: str = ""

    @property
    def reason(self) -> str:
        """The rule in words, with what is particular here; without any value."""
        return f"{self.rule.sentence} {self.note}".strip()

    @property
    def where(self) -> str:
        """The path as people write it: ``messages.3.content``."""
        return ".".join(str(step).replace(TWICE, "~") for step in self.path)

    def raw_text(self) -> str | None:
        """The raw value as canonical extended JSON, for the encrypted archive; None where none is kept."""
        if not self.rule.keeps_raw or self.raw is None:
            return None
        return extended_json(self.raw)

    def comparable_text(self) -> str:
        """The raw value as every form of the source gives it: relaxed exports do not tell the kinds of numbers."""
        if not self.rule.keeps_raw or self.raw is None:
            return ""
        return json_util.dumps(self.raw, json_options=json_util.RELAXED_JSON_OPTIONS, ensure_ascii=False)


def extended_json(value: Any) -> str:
    """Canonical extended JSON of a BSON value: no type is lost, and equal values give equal text."""
    return json_util.dumps(value, json_options=json_util.CANONICAL_JSON_OPTIONS, ensure_ascii=False)


class Row:
    """A row for one table: a dataclass whose fields are the columns, with references as legacy ids."""

    table: ClassVar[str]
    legacy_id: str

    def __repr__(self) -> str:
        # Rows hold names and clinical text, which must not reach a log through an error message.
        return f"<{type(self).__name__} {self.legacy_id}>"


RowKind = TypeVar("RowKind", bound=Row)


@dataclass(slots=True)
class Parsed:
    """What one document becomes. ``rows`` in an order in which references stand behind what they name."""

    legacy_id: str
    rows: list[Row] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    tally: list[Tally] = field(default_factory=list)

    def rows_of(self, kind: type[RowKind]) -> list[RowKind]:
        """The rows of one kind."""
        return [row for row in self.rows if isinstance(row, kind)]


def is_empty(value: object) -> bool:
    """Null, blank text, a list or document without anything in it."""
    if value is None:
        return True
    if isinstance(value, str):
        return not value or value.isspace()
    return not value and isinstance(value, (list, dict))


def states_nothing(value: object) -> bool:
    """Whether there is no non-empty value in it at any depth."""
    pending = [value]
    while pending:
        inner = pending.pop()
        if isinstance(inner, dict):
            pending.extend(inner.values())
        elif isinstance(inner, list):
            pending.extend(inner)
        elif not is_empty(inner):
            return False
    return True


class Field:
    """A value, where it stands, and the document that is being parsed.

    ``covered`` means that a rule has claimed the text in which this value was found: it needs no claim of its own.
    ``is_empty``: see the function of this name.
    """

    __slots__ = ("covered", "is_empty", "parsed", "path", "value")

    def __init__(self, parsed: Parsed, path: Path, value: Any, covered: bool = False) -> None:
        self.parsed = parsed
        self.path = path
        self.value = value
        self.covered = covered
        self.is_empty = is_empty(value)

    @property
    def name(self) -> str:
        """The field's own name or number."""
        return str(self.path[-1]) if self.path else ""

    def claim(self, by: str) -> None:
        """This column or rule accounts for the value and everything in it."""
        if not self.is_empty and not self.covered:
            self.parsed.claims.append(_claim((self.path, by)))

    def note(self, rule: Rule, note: str = "") -> None:
        """A rule was applied; the raw value is kept beside it."""
        raw, _ = without_secrets(self.value) if rule.keeps_raw else (None, False)
        self.parsed.findings.append(Finding(rule, self.parsed.legacy_id, self.path, raw, note))

    def set_aside(self, rule: Rule, note: str = "") -> None:
        """Nothing is loaded from it: it is kept with the reason (but no secret in it)."""
        if self.is_empty:
            return
        if rule.keeps_raw and is_secret_name(self.name):
            rule = rules.SECRET_NOT_KEPT
        elif rule.keeps_raw and without_secrets(self.value)[1]:
            self.parsed.findings.append(Finding(rules.SECRET_NOT_KEPT, self.parsed.legacy_id, self.path, None, note))
        self.claim(f"set_aside:{rule.code}")
        self.note(rule, note)

    def consume(self, rule: Rule, note: str = "") -> None:
        """The rule accounts for it and is worth reporting; nothing is loaded from it directly."""
        self.claim(f"rule:{rule.code}")
        self.note(rule, note)

    def inner(self, *steps: str | int, value: Any, covered: bool | None = None) -> "Field":
        """A value inside this one."""
        return Field(self.parsed, (*self.path, *steps), value, self.covered if covered is None else covered)

    def part(self, number: int, value: Any) -> "Field":
        """A value read out of this text, which must be claimed by the rule that read it."""
        return self.inner(f"{TWICE}part{number}", value=value, covered=True)

    def tally(self, entity: str, fate: Fate) -> None:
        """What became of this element."""
        self.parsed.tally.append(_tally((entity, self.path, fate)))


class Section:
    """The fields of a (sub-)document, each taken once.

    ``is_whole``: the value is a document at all, and not something in the place of one. ``peek(name)``: the value of a
    field that is not taken yet; it stays there.
    """

    __slots__ = ("_claims", "_left", "_main", "_path", "_whole", "is_whole", "peek")

    def __init__(self, whole: Field, *, main: str = "") -> None:
        """``main``: the field that plain text in the place of a document stands for."""
        self._whole = whole
        self._path = whole.path
        self._claims = [] if whole.covered else whole.parsed.claims
        self.is_whole = isinstance(whole.value, dict)
        self._left: dict[str, Any] = dict(whole.value) if self.is_whole else {}
        self._main = "" if self.is_whole else main
        self.peek = self._left.get

    def take(self, name: str) -> Field:
        """The field of this name; its value is None where it is absent."""
        whole = self._whole
        if name == self._main:
            return whole
        return Field(whole.parsed, (*whole.path, name), self._left.pop(name, None), whole.covered)

    @property
    def whole(self) -> Field:
        """The (sub-)document itself."""
        return self._whole

    def claim(self, name: str, by: str) -> None:
        """Take the field and claim it, its value (``peek``) being just what the column holds."""
        del self._left[name]
        self._claims.append(_claim(((*self._path, name), by)))

    def take_first(self, *names: str) -> Field:
        """The first of these fields that says something."""
        return self.take(next((name for name in names if not is_empty(self._left.get(name))), names[0]))

    def set_aside_rest(self) -> None:
        """What nobody took is set aside."""
        if not self._left:
            return
        left = dict(self._left)
        self._left.clear()
        for name, value in left.items():
            if not states_nothing(value):
                rule = rules.FIELD_TWICE if TWICE in name else rules.UNKNOWN_FIELD
                self._whole.inner(name, value=value).set_aside(rule)


def is_secret_name(name: str) -> bool:
    """Whether a field of this name holds a password, a token or a key."""
    return _SECRET_NAME.search(name) is not None


def without_secrets(value: Any) -> tuple[Any, bool]:
    """The value with secrets replaced by ``NOT_KEPT``, and whether there were any."""
    if isinstance(value, str):
        if _SECRET_TEXT.search(value):
            return _SECRET_TEXT.sub(NOT_KEPT, value), True
        return value, False
    if isinstance(value, list):
        cleaned = [without_secrets(inner) for inner in value]
        found = any(secret for _, secret in cleaned)
        return ([inner for inner, _ in cleaned], True) if found else (value, False)
    if isinstance(value, dict):
        result: dict[str, Any] = {}
        found = False
        for name, inner in value.items():
            if is_secret_name(name) and not states_nothing(inner) and not isinstance(inner, bool):
                result[name], secret = NOT_KEPT, True
            else:
                result[name], secret = without_secrets(inner)
            found = found or secret
        return (result, True) if found else (value, False)
    return value, False
