"""What a page shows of a chart: the entries of a kind, in rows, with what this person may do to them."""

import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from accounts.models import User
from medichat.templatetags.clinical import clinical_date
from records.access import OpenChart
from records.kinds import Kind, is_past
from records.models import ChartEntry, MedicalInfo, Source

# Whether a medicine is taken now is said by where it stands.
NOT_AT_A_GLANCE = {"Notes", "Type", "Taken now"}
FOR_CLINICIANS = {"ICD-10", "Taken now"}


@dataclass(frozen=True)
class Row:
    """One entry as a page shows it, with what this person may do to it."""

    entry: Any
    cells: list[tuple[str, str]]
    provenance: str
    """Where it comes from and who recorded it."""
    struck_out: str = ""
    """By whom, when and why it was marked as entered in error."""
    correct_url: str = ""
    wrong_url: str = ""
    end_url: str = ""
    earlier: Sequence["Row"] = ()
    """The versions that this one took the place of, latest first."""

    @property
    def name(self) -> str:
        """What the entry is called."""
        return self.cells[0][1]

    @property
    def at_a_glance(self) -> list[str]:
        """What an overview says besides the name."""
        return [text for heading, text in self.cells[1:] if text and heading not in NOT_AT_A_GLANCE]

    @property
    def in_plain_words(self) -> list[tuple[str, str]]:
        """What patients read besides the name."""
        return [(heading, text) for heading, text in self.cells[1:] if text and heading not in FOR_CLINICIANS]


@dataclass(frozen=True)
class Section:
    """All entries of one kind of one chart, as a page shows them."""

    kind: Kind
    rows: list[Row]
    none_stated_on: date | None
    add_url: str
    none_url: str = ""
    struck: int = 0
    """How many entries are struck out, shown or not."""

    @property
    def past(self) -> list[Row]:
        """Medicines that are not taken any more, conditions that are over."""
        return [row for row in self.rows if is_past(row.entry)]

    @property
    def present(self) -> list[Row]:
        """The others."""
        return [row for row in self.rows if not is_past(row.entry)]

    @property
    def sorted_rows(self) -> list[Row]:
        """What is present before what is past."""
        return self.present + self.past

    @property
    def headings(self) -> list[str]:
        """The columns in which something stands; the first one always."""
        filled = {heading for row in self.rows for heading, text in row.cells if text}
        (first, _text_of), *others = self.kind.columns
        return [first, *(heading for heading, _text_of in others if heading in filled or not self.kind.longest_list)]

    @property
    def width(self) -> int:
        """The columns of the table: those of the kind, where it comes from, and what can be done."""
        return len(self.headings) + 2


def section_of(
    chart: OpenChart, kind: Kind, entries: Iterable[ChartEntry], info: MedicalInfo | None, *, with_errors: bool
) -> Section:
    """What a page shows of one kind; struck-out entries only on demand."""
    entries = list(entries)
    for entry in entries:
        kind.prepare(entry, chart)
    standing = [entry for entry in entries if entry.entered_in_error_at is None]
    unsaid = not any(entry.says_something for entry in standing)
    return Section(
        kind=kind,
        rows=[row_of(chart, kind, entry, among=entries) for entry in (entries if with_errors else standing)],
        none_stated_on=getattr(info, kind.model.statement) if info and kind.model.statement and unsaid else None,
        add_url=chart.url("add", slug=kind.slug),
        none_url=chart.url("none", slug=kind.slug) if kind.none_stated and unsaid else "",
        struck=len(entries) - len(standing),
    )


def earlier_of(entry: Any, among: Sequence[Any]) -> Iterator[Any]:
    """The versions that an entry took the place of, latest first, as far as they are among these entries."""
    known = {one.pk: one for one in among}
    earlier = known.get(entry.corrects_id)
    while earlier is not None:
        yield earlier
        earlier = known.get(earlier.corrects_id)


def row_of(chart: OpenChart, kind: Kind, entry: ChartEntry, *, among: Sequence[ChartEntry] = ()) -> Row:
    """One entry with its earlier versions ``among`` these, and with the acts that are open to this person."""
    cells = [(heading, text_of(entry)) for heading, text_of in kind.columns]
    provenance = provenance_of(entry, chart.by)
    if entry.entered_in_error_at is not None:
        return Row(entry, cells, provenance, struck_out=error_of(entry, chart.by))
    earlier = [row_of(chart, kind, one) for one in earlier_of(entry, among)]
    if not entry.may_be_changed_by(chart.by):
        return Row(entry, cells, provenance, earlier=earlier)
    place = {"slug": kind.slug, "entry_id": entry.pk}
    can_end = bool(kind.end_act) and not is_past(entry)
    return Row(
        entry,
        cells,
        provenance,
        earlier=earlier,
        correct_url=chart.url("correct", **place),
        wrong_url=chart.url("wrong", **place),
        end_url=chart.url("end", **place) if can_end else "",
    )


def provenance_of(entry: ChartEntry, reader: User) -> str:
    """Where an entry comes from and who recorded it, as far as known, in words for this reader."""
    by_the_patient = entry.source == Source.PATIENT
    source = "Stated by you" if by_the_patient and entry.patient_id == reader.pk else entry.get_source_display()
    who = "" if by_the_patient else name_of(entry.recorded_by_id, entry.recorded_by, reader)
    return f"{source} ({who})" if who else source


def error_of(entry: ChartEntry, reader: User) -> str:
    """By whom, when and why an entry was struck out."""
    who = name_of(entry.entered_in_error_by_id, entry.entered_in_error_by, reader)
    return f"{entry.entered_in_error_reason} ({who}, {clinical_date(entry.entered_in_error_at)})"


def name_of(key: uuid.UUID | None, someone: User | None, reader: User) -> str:
    """A person's name; who is out of the reader's sight (an administrator, a former doctor) is not named."""
    if key is None:
        return ""
    if key == reader.pk:
        return "you"
    return str(someone) if someone else "the clinic"
