"""The knowledge base: data files read once and checked for every mistake that can be found without a clinician."""

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Final

from prescriptions.safety.types import Severity

DATA: Final = Path(__file__).resolve().parent / "data"
UNREVIEWED: Final = "unreviewed"
_RULE_SEVERITIES: Final = ("contraindicated", "serious", "caution")

Words = tuple[str, ...]


class KnowledgeError(ValueError):
    """An entry of a data file is wrong; the message names the file and the entry."""


@dataclass(frozen=True, slots=True)
class Substance:
    """An ingredient, or a class where a text names no more than that. `groups` holds its key and all its classes."""

    key: str
    label: str
    groups: frozenset[str]
    is_class: bool = False


@dataclass(frozen=True, slots=True)
class Name:
    """What a name in a text stands for: one ingredient, the ingredients of a product, or classes."""

    label: str
    substances: tuple[Substance, ...]


@dataclass(frozen=True, slots=True)
class CrossReaction:
    """A person allergic to a member of `from_group`, prescribed a member of `to_group`."""

    from_group: str
    to_group: str
    severity: Severity
    severity_after_severe_reaction: Severity
    strength: str
    reason: str
    source: str


@dataclass(frozen=True, slots=True)
class Duplicate:
    """Two different ingredients of one class at the same time."""

    group: str
    severity: Severity
    reason: str
    source: str


@dataclass(frozen=True, slots=True)
class Interaction:
    """Every member of `first` with every member of `second`."""

    first: frozenset[str]
    second: frozenset[str]
    severity: Severity
    reason: str
    source: str


@dataclass(frozen=True, slots=True)
class Population:
    """Medicines to avoid in pregnancy, or below or above an age in completed years."""

    members: frozenset[str]
    severity: Severity
    reason: str
    source: str
    pregnancy: bool = False
    under: int | None = None
    over: int | None = None


@dataclass(frozen=True, slots=True)
class DoseLimit:
    """The most of an ingredient in a day, in milligrams; None where the rule is that it is `not_daily`."""

    ingredient: str
    daily_mg: Decimal | None
    severity: Severity
    reason: str
    source: str
    over: int | None = None
    not_daily: bool = False


@dataclass(slots=True)
class Knowledge:
    """Everything the check knows. Built by `load`, never changed afterwards."""

    labels: dict[str, str] = field(default_factory=dict)
    substances: dict[str, Substance] = field(default_factory=dict)
    names: dict[Words, Name] = field(default_factory=dict)
    allergy_groups: dict[Words, Name] = field(default_factory=dict)
    not_medicines: frozenset[Words] = frozenset()
    none_known: frozenset[Words] = frozenset()
    filling_words: frozenset[str] = frozenset()
    minerals: frozenset[str] = frozenset()
    allergy_words: frozenset[str] = frozenset()
    cross_reactions: tuple[CrossReaction, ...] = ()
    duplicates: tuple[Duplicate, ...] = ()
    interactions: tuple[Interaction, ...] = ()
    populations: tuple[Population, ...] = ()
    dose_limits: tuple[DoseLimit, ...] = ()


def words(text: str) -> Words:
    """The letters and figures of a text, lower-case, without accents: `Co-Amoxiclav 625mg` -> co amoxiclav 625 mg."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    return tuple(re.findall(r"[^\W\d_]+|\d+", plain))


@cache
def knowledge() -> Knowledge:
    """The packaged knowledge base, loaded once per process."""
    return load(DATA)


def load(folder: Path) -> Knowledge:
    """Read and check all data files of a folder. Raises KnowledgeError at the first entry that is wrong."""
    base = Knowledge()
    _load_substances(base, folder)
    _load_products(base, folder)
    _load_allergies(base, folder)
    _load_rules(base, folder)
    _load_dose_limits(base, folder)
    filling = _read(folder, "words.toml")
    base.filling_words = frozenset(
        word for kind in ("units", "forms", "salts", "directions") for word in _texts(filling, kind, "words.toml")
    )
    base.minerals = frozenset(_texts(filling, "minerals", "words.toml"))
    base.allergy_words = frozenset(_texts(filling, "allergy_words", "words.toml"))
    return base


def _read(folder: Path, name: str) -> dict[str, Any]:
    try:
        return tomllib.loads((folder / name).read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise KnowledgeError(f"{name}: {error}") from error


def _texts(entry: dict[str, Any], key: str, where: str, *, required: bool = False) -> list[str]:
    value = entry.get(key, [])
    if not isinstance(value, list) or not all(isinstance(text, str) and text.strip() for text in value):
        raise KnowledgeError(f"{where}: {key} must be a list of texts")
    if required and not value:
        raise KnowledgeError(f"{where}: {key} is missing")
    return value


def _text(entry: dict[str, Any], key: str, where: str) -> str:
    value = entry.get(key)
    if not isinstance(value, str) or not value.strip():
        raise KnowledgeError(f"{where}: {key} is missing")
    return value


def _severity(entry: dict[str, Any], key: str, where: str) -> Severity:
    for severity in _RULE_SEVERITIES:
        if entry.get(key) == severity:
            return severity
    raise KnowledgeError(f"{where}: {key} must be one of {', '.join(_RULE_SEVERITIES)}")


def _add_names(names: dict[Words, Name], texts: Iterable[str], name: Name, where: str) -> None:
    for text in texts:
        key = words(text)
        if not key:
            raise KnowledgeError(f"{where}: the name {text!r} has no letters")
        if names.setdefault(key, name) != name:
            raise KnowledgeError(f"{where}: the name {text!r} already stands for {names[key].label}")


def _load_substances(base: Knowledge, folder: Path) -> None:
    classes = _read(folder, "classes.toml")
    parents: dict[str, list[str]] = {}
    for key, entry in classes.items():
        where = f"classes.toml: {key}"
        base.labels[key] = _text(entry, "label", where)
        parents[key] = _texts(entry, "parents", where)
        _text(entry, "source", where)
    for key in classes:
        groups = _with_ancestors([key], parents, f"classes.toml: {key}")
        base.substances[key] = Substance(key, base.labels[key], groups, is_class=True)
    for where, key, entry in _ingredients(folder):
        if key in base.substances:
            raise KnowledgeError(f"{where}: the name is taken by another ingredient or a class")
        _text(entry, "source", where)
        groups = _with_ancestors(_texts(entry, "classes", where, required=True), parents, where) | {key}
        base.labels[key] = key
        base.substances[key] = substance = Substance(key, key, groups)
        texts = [key, *_texts(entry, "names", where), *_texts(entry, "brands", where)]
        _add_names(base.names, texts, Name(key, (substance,)), where)


def _ingredients(folder: Path) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every entry of the files for the parts of the body, with where it stands."""
    for file in sorted((folder / "ingredients").glob("*.toml")):
        name = f"ingredients/{file.name}"
        for key, entry in _read(folder, name).items():
            yield f"{name}: {key}", key, entry


def _with_ancestors(keys: list[str], parents: dict[str, list[str]], where: str) -> frozenset[str]:
    found: set[str] = set()
    waiting = list(keys)
    while waiting:
        key = waiting.pop()
        if key not in parents:
            raise KnowledgeError(f"{where}: there is no class {key!r}")
        if key not in found:
            found.add(key)
            waiting.extend(parents[key])
    return frozenset(found)


def _load_products(base: Knowledge, folder: Path) -> None:
    for key, entry in _read(folder, "products.toml").items():
        where = f"products.toml: {key}"
        _text(entry, "source", where)
        ingredients = _texts(entry, "ingredients", where, required=True)
        for ingredient in ingredients:
            if ingredient not in base.substances or base.substances[ingredient].is_class:
                raise KnowledgeError(f"{where}: there is no ingredient {ingredient!r}")
        name = Name(key, tuple(base.substances[ingredient] for ingredient in ingredients))
        _add_names(base.names, [key, *_texts(entry, "names", where), *_texts(entry, "brands", where)], name, where)


def _members(base: Knowledge, entry: dict[str, Any], key: str, where: str) -> frozenset[str]:
    members = _texts(entry, key, where, required=True)
    for member in members:
        if member not in base.substances:
            raise KnowledgeError(f"{where}: there is no class or ingredient {member!r}")
    return frozenset(members)


def _load_allergies(base: Knowledge, folder: Path) -> None:
    data = _read(folder, "allergies.toml")
    for entry in data.get("group", []):
        where = f"allergies.toml: group {entry.get('label')}"
        _text(entry, "source", where)
        members = sorted(_members(base, entry, "members", where))
        name = Name(_text(entry, "label", where), tuple(base.substances[member] for member in members))
        _add_names(base.allergy_groups, _texts(entry, "names", where, required=True), name, where)
    reactions: list[CrossReaction] = []
    for entry in data.get("cross_reaction", []):
        where = f"allergies.toml: from {entry.get('from')} to {entry.get('to')}"
        for side in ("from", "to"):
            if _text(entry, side, where) not in base.substances:
                raise KnowledgeError(f"{where}: there is no class or ingredient {entry[side]!r}")
        reactions.append(
            CrossReaction(
                from_group=entry["from"],
                to_group=entry["to"],
                severity=_severity(entry, "severity", where),
                severity_after_severe_reaction=_severity(entry, "severe", where),
                strength=_text(entry, "strength", where),
                reason=_text(entry, "reason", where),
                source=_text(entry, "source", where),
            )
        )
    base.cross_reactions = tuple(reactions)
    for key in ("not_medicines", "none_known"):
        entry, where = data.get(key, {}), f"allergies.toml: {key}"
        _text(entry, "source", where)
        setattr(base, key, frozenset(words(text) for text in _texts(entry, "names", where)))


def _load_rules(base: Knowledge, folder: Path) -> None:
    duplicates: list[Duplicate] = []
    for entry in _read(folder, "duplicates.toml").get("duplicate", []):
        where = f"duplicates.toml: {entry.get('class')}"
        group = _text(entry, "class", where)
        if group not in base.substances or not base.substances[group].is_class:
            raise KnowledgeError(f"{where}: there is no class {group!r}")
        rule = (_severity(entry, "severity", where), _text(entry, "reason", where), _text(entry, "source", where))
        duplicates.append(Duplicate(group, *rule))
    base.duplicates = tuple(duplicates)
    interactions: list[Interaction] = []
    for entry in _read(folder, "interactions.toml").get("interaction", []):
        where = f"interactions.toml: {entry.get('first')} with {entry.get('second')}"
        first, second = _members(base, entry, "first", where), _members(base, entry, "second", where)
        rule = (_severity(entry, "severity", where), _text(entry, "reason", where), _text(entry, "source", where))
        interactions.append(Interaction(first, second, *rule))
    base.interactions = tuple(interactions)
    populations: list[Population] = []
    data = _read(folder, "populations.toml")
    for kind in ("pregnancy", "age"):
        for entry in data.get(kind, []):
            where = f"populations.toml: {kind} {entry.get('members')}"
            under, over = entry.get("under"), entry.get("over")
            if kind == "age" and [type(under), type(over)].count(int) != 1:
                raise KnowledgeError(f"{where}: an age needs either under or over, in years")
            members = _members(base, entry, "members", where)
            rule = (_severity(entry, "severity", where), _text(entry, "reason", where), _text(entry, "source", where))
            populations.append(Population(members, *rule, pregnancy=kind == "pregnancy", under=under, over=over))
    base.populations = tuple(populations)


def _load_dose_limits(base: Knowledge, folder: Path) -> None:
    limits: list[DoseLimit] = []
    for entry in _read(folder, "doses.toml").get("limit", []):
        ingredient, over = entry.get("ingredient"), entry.get("over")
        where = f"doses.toml: {ingredient}"
        if ingredient not in base.substances or base.substances[ingredient].is_class:
            raise KnowledgeError(f"{where}: there is no ingredient {ingredient!r}")
        daily, not_daily = entry.get("daily_mg"), entry.get("not_daily", False)
        if not_daily is (type(daily) in (int, float) and daily > 0):
            raise KnowledgeError(f"{where}: a limit needs either daily_mg, above 0, or not_daily")
        if over is not None and type(over) is not int:
            raise KnowledgeError(f"{where}: over must be an age in years")
        limits.append(
            DoseLimit(
                ingredient=ingredient,
                daily_mg=None if daily is None else Decimal(str(daily)),
                severity=_severity(entry, "severity", where),
                reason=_text(entry, "reason", where),
                source=_text(entry, "source", where),
                over=over,
                not_daily=bool(not_daily),
            )
        )
    base.dose_limits = tuple(limits)
