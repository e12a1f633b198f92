"""The files of a run: copied, and what could not be copied listed among the items of the import."""

from pathlib import Path
from typing import Any

from medichat.db.context import system
from medichat.legacy.load import Shown
from medichat.legacy.models import ImportedDocument, ImportItem, ImportRun, ItemState
from medichat.legacy.parse import rules
from medichat.legacy.parse.identity import digest
from medichat.legacy.parse.parsing import extended_json
from medichat.legacy.read import Source
from medichat.legacy.uploads.copy import Problem, Tally, copy_files, number_of_rows
from medichat.legacy.uploads.folder import UploadsFolder
from medichat.legacy.uploads.foresee import foresee

BATCH = 500
LISTED = [
    rule.code
    for rule in (
        rules.FILE_MISSING,
        rules.FILE_NOT_PLAIN,
        rules.FILE_UNREADABLE,
        rules.FILE_EMPTY,
        rules.FILE_TOO_LARGE,
        rules.FILE_UNREFERENCED,
    )
]


def files_of(source: Source, path: Path, run: ImportRun | None, shown: Shown) -> dict[str, Any]:
    """Copy the files (without a run: only look) and give the report's part about them. Raises SourceError."""
    with UploadsFolder(path) as folder:
        if run is None:
            return _reported(foresee(source, folder))
        shown.stage("files", number_of_rows())
        with Listing(run) as listing:
            return _reported(copy_files(folder, tell=listing.tell, advance=shown.advance))


def file_lines(files: dict[str, Any]) -> list[str]:
    """For the console: figures only, for a file's name may say anything."""
    kept = f", {files['kept']:,} were there already" if files["kept"] else ""
    problems = [
        f"{count:,} {code.removeprefix('file_').replace('_', ' ')}" for code, count in files["problems"].items()
    ]
    return [
        f"Files: {files['copied']:,} copied ({files['bytes'] / 1_048_576:,.1f} MB){kept}.",
        *([f"Files that are not there: {', '.join(problems)}."] if problems else []),
    ]


def _reported(tally: Tally) -> dict[str, Any]:
    return {
        "copied": tally.copied,
        "kept": tally.kept,
        "bytes": tally.copied_bytes,
        "problems": dict(sorted(tally.problems.items())),
    }


def _of_file(item: ImportItem) -> tuple[str, str, str | None]:
    """What is known of one file: a document may name several that are missing."""
    return item.rule, item.legacy_id, item.raw


class Listing:
    """Replaces the items about files by those of this run; what somebody has worked on stays, and is not told again."""

    def __init__(self, run: ImportRun) -> None:
        self._run = run
        self._waiting: list[Problem] = []

    def tell(self, problem: Problem) -> None:
        """One more; written in batches."""
        self._waiting.append(problem)
        if len(self._waiting) >= BATCH:
            self._write()

    def __enter__(self) -> "Listing":
        with system():
            ImportItem.objects.filter(rule__in=LISTED, state=ItemState.OPEN).delete()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._write()

    def _write(self) -> None:
        items = [self._item(problem) for problem in self._waiting]
        with system():
            handled = {
                _of_file(item)
                for item in ImportItem.objects.filter(
                    rule__in=LISTED, legacy_id__in=[item.legacy_id for item in items]
                ).exclude(state=ItemState.OPEN)
            }
            ImportItem.objects.bulk_create(item for item in items if _of_file(item) not in handled)
        self._waiting.clear()

    def _item(self, problem: Problem) -> ImportItem:
        is_of_document = bool(problem.document)
        return ImportItem(
            run=self._run,
            document_id=ImportedDocument.key(problem.collection, problem.document) if is_of_document else None,
            collection=problem.collection,
            legacy_id=problem.document or f"file-digest:{digest(problem.stated)}",
            entity=problem.entity,
            where=problem.entity if problem.entity == "attachments" else "profilePhoto" if is_of_document else "",
            rule=problem.rule.code,
            outcome=problem.rule.outcome,
            reason=problem.rule.sentence,
            raw=extended_json(problem.stated.encode("utf-8", "surrogateescape").decode("utf-8", "replace")),
        )
