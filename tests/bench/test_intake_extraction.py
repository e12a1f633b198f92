"""What the intake extracts from recorded conversations, beside what clinicians wrote down. It judges no figure.

``DIALOGUES_DIR`` names a directory with ``mts_dialog_train.csv`` (short exchanges, each with the section of a note that
a clinician wrote from it), ``primock57_days1-3.jsonl`` and ``aci_bench_train.jsonl`` (whole consultations with their
notes). Without it the measurement is skipped.

A statement of a note counts as found when one of its content words begins like one of an extracted item; an extracted
item counts as right when one of its content words begins like one of the note. That is coarse: it sees neither doses
nor whether an item was denied, and a clinician also writes down what the doctor read out from a list.
"""

import csv
import json
import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from rich.console import Console
from rich.table import Table

from conversations.intake import Assessment, Turn, assess
from conversations.intake.concepts import concepts, find, with_implied
from conversations.intake.context import prepare
from conversations.intake.model import Speaker
from conversations.intake.text import sentences

pytestmark = pytest.mark.bench

SECTIONS = {"ALLERGY": "allergies", "MEDICATIONS": "medications", "PASTMEDICALHX": "history", "CC": "symptoms"}
NONE = re.compile(r"\b(no|none|nkda|nil|denies|negative|unremarkable|noncontributory|not (?:allergic|taking))\b", re.I)
EMPTY = frozenset(
    word
    for line in (
        "patient states stated history significant past medical currently taking takes known allergies allergy",
        "allergic drug drugs medication medications medicine medicines milligrams daily twice times once that this",
        "with from have been which were also other some years year since include includes including listed",
        "prescribed positive problems",
    )
    for word in line.split()
)
"""Long words of a note that name nothing."""
_WORD_LENGTH = 4
_STEM = 5


@pytest.fixture(scope="module")
def directory() -> Path:
    named = os.environ.get("DIALOGUES_DIR", "")
    if not named or not Path(named).is_dir():
        pytest.skip("skipped: DIALOGUES_DIR names no directory of recorded conversations")
    return Path(named)


def stems(text: str) -> set[str]:
    """How the content words of a text begin."""
    words = re.findall(r"[a-z]+", text.casefold())
    return {word[:_STEM] for word in words if len(word) >= _WORD_LENGTH and word not in EMPTY}


def turns_of(exchange: str) -> list[Turn]:
    turns: list[Turn] = []
    for line in exchange.splitlines():
        speaker, _, text = line.partition(":")
        if text.strip():
            kind: Speaker = "assistant" if speaker.strip().casefold() in {"doctor", "guest_clinician"} else "patient"
            turns.append(Turn(kind, text.strip(), reference=str(len(turns))))
    return turns


def extracted(found: Assessment, topic: str) -> list[str] | None:
    """The items of one topic; None when the intake took nothing from it, [] when it took that there is none."""
    if topic == "symptoms":
        return [symptom.name for symptom in found.symptoms if not symptom.denied] or None
    items = {"allergies": found.allergies, "medications": found.medications, "history": found.history}[topic]
    return None if items is None else [item.name for item in items]


def written(note: str) -> list[set[str]]:
    """The statements of a note that name something, each as the beginnings of its words."""
    pieces = re.split(r"[,.;\n]|\band\b", note)
    return [words for piece in pieces if not NONE.search(piece) and (words := stems(piece))]


def test_extraction_beside_the_sections_of_clinicians(directory: Path) -> None:
    with (directory / "mts_dialog_train.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["section_header"] in SECTIONS]
    assert rows
    table = Table("section", "exchanges", "extracted", "precision", "written down", "recall", "'none' agreed")
    for section, topic in SECTIONS.items():
        counts: Counter[str] = Counter()
        for row in (row for row in rows if row["section_header"] == section):
            items = extracted(assess(turns_of(row["dialogue"])), topic)
            note, statements = stems(row["section_text"]), written(row["section_text"])
            taken = stems(" ".join(items or []))
            counts["exchanges"] += 1
            counts["extracted"] += len(items or [])
            counts["right"] += sum(bool(stems(item) & note) for item in items or [])
            counts["written"] += len(statements)
            counts["found"] += sum(bool(statement & taken) for statement in statements)
            if not statements and NONE.search(row["section_text"]):
                counts["none"] += 1
                counts["none agreed"] += items == []
        table.add_row(
            section,
            str(counts["exchanges"]),
            str(counts["extracted"]),
            share(counts["right"], counts["extracted"]),
            str(counts["written"]),
            share(counts["found"], counts["written"]),
            f"{counts['none agreed']} of {counts['none']}",
        )
    console().print(table)


def share(part: int, whole: int) -> str:
    return f"{part / whole:.0%}" if whole else "-"


def console() -> Console:
    return Console(width=150)


def symptoms_in(note: str) -> set[str]:
    """The symptoms that a clinician's note affirms, in the intake's own terms."""
    return {
        code
        for sentence in sentences(note)
        for matches in [find(sentence)]
        for scope in [prepare(sentence, matches)]
        for match in matches
        if not (context := scope.of(match)).negated and not context.other_person and not context.past
        for code in with_implied(match.code)
        if concepts()[code].kind == "symptom"
    }


def conversations_in(path: Path) -> Iterator[tuple[Sequence[Turn], str]]:
    for line in path.read_text(encoding="utf-8").splitlines():
        recorded = json.loads(line)
        turns = [
            Turn("patient" if turn["speaker"] == "patient" else "assistant", turn["text"], reference=str(number))
            for number, turn in enumerate(recorded["turns"])
        ]
        yield turns, str(recorded.get("clinician_note") or recorded.get("note") or "")


@pytest.mark.parametrize("name", ["primock57_days1-3.jsonl", "aci_bench_train.jsonl"])
def test_symptoms_beside_the_notes_of_clinicians(directory: Path, name: str) -> None:
    counts: Counter[str] = Counter()
    levels: Counter[str] = Counter()
    for turns, note in conversations_in(directory / name):
        found = assess(turns)
        levels[found.urgency] += 1
        listed = {symptom.code for symptom in found.symptoms if not symptom.denied}
        affirmed = symptoms_in(note)
        counts["listed"] += len(listed)
        counts["affirmed"] += len(affirmed)
        counts["both"] += len(listed & affirmed)
    assert sum(levels.values())
    console().print(
        f"{name}: {sum(levels.values())} consultations, levels {dict(levels)}; symptoms listed {counts['listed']}, "
        f"of these in the note {share(counts['both'], counts['listed'])}; in the notes {counts['affirmed']}, of these "
        f"listed {share(counts['both'], counts['affirmed'])}"
    )
