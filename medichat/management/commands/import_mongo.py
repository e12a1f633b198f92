"""manage.py import_mongo: bring the previous system's MongoDB over."""

import json
import os
from argparse import ArgumentParser
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from medichat.db.context import system
from medichat.legacy import load, undo, verify
from medichat.legacy.compare import Comparison
from medichat.legacy.models import ImportRun
from medichat.legacy.progress import shown_on
from medichat.legacy.read import Source, SourceError, open_source
from medichat.legacy.report import lines, report_of, rule_lines, undo_lines, with_verification
from medichat.legacy.uploads.folder import UploadsFolder
from medichat.legacy.uploads.record import file_lines, files_of
from medichat.legacy.worker import ImportFailed, said_of

NOT_OK, UNREADABLE = 1, 2


class Command(BaseCommand):
    """``manage.py import_mongo``: see the help text. Exit codes: 0 everything holds, 1 it does not, 2 it cannot run."""

    help = (
        "Bring users, conversations and the activity log of the previous system over, from a dump, an export or its "
        "running server, which is never written. An interrupted run goes on where it stopped; running it again takes "
        "over what is new or has changed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        what = parser.add_mutually_exclusive_group()
        what.add_argument("--dump", metavar="DIR", help="a folder of mongodump or mongoexport, plain or .gz")
        what.add_argument(
            "--uri",
            metavar="mongodb://...",
            help="the running server; better in MONGODB_URI, because everybody on this machine can see arguments",
        )
        instead = parser.add_mutually_exclusive_group()
        instead.add_argument("--verify", metavar="RUN", help="compare the source with what a run loaded; load nothing")
        instead.add_argument("--undo", metavar="RUN", help="remove what a run loaded and nobody has edited since")
        parser.add_argument("--database", default="", metavar="NAME", help="the database, where there are several")
        parser.add_argument(
            "--uploads",
            type=Path,
            metavar="DIR",
            help="the previous server's uploads: attachments and photos are copied",
        )
        parser.add_argument("--dry-run", action="store_true", help="say what would happen; no table is written")
        parser.add_argument("--batch", type=int, default=load.BATCH, metavar="N", help="documents in one transaction")
        parser.add_argument("--processes", type=int, default=None, metavar="N", help="worker processes (all cores)")
        parser.add_argument("--report", type=Path, metavar="FILE.json", help="write the report there")
        parser.add_argument("--strict", action="store_true", help="anything that is set aside counts as a failure")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run it, and end with the status that the operator's script needs."""
        if options["batch"] < 1:
            raise CommandError("--batch must be at least 1.", returncode=UNREADABLE)
        if options["processes"] is not None and options["processes"] < 0:
            raise CommandError("--processes cannot be negative.", returncode=UNREADABLE)
        if options["report"] and not options["report"].parent.is_dir():
            raise CommandError(f"There is no folder {options['report'].parent} for the report.", returncode=UNREADABLE)
        if options["dry_run"] and (options["undo"] or options["verify"]):
            raise CommandError(
                "--dry-run goes with an import only: --undo would remove rows, and --verify loads none anyway.",
                returncode=UNREADABLE,
            )
        try:
            if options["undo"]:
                self._undo(_run_named(options["undo"]))
                return
            earlier = _run_named(options["verify"]) if options["verify"] else None
            with open_source(_place(options, earlier), options["database"]) as source:
                report = self._verify(source, earlier, options) if earlier else self._import(source, options)
        except (SourceError, ImportFailed) as error:
            raise CommandError(str(error), returncode=UNREADABLE) from error
        except (DatabaseError, OSError) as error:
            raise CommandError(said_of(error), returncode=UNREADABLE) from error
        except KeyboardInterrupt:
            raise CommandError("Interrupted. Start it again: it goes on.", returncode=UNREADABLE) from None
        self._conclude(report, options)

    def _import(self, source: Source, options: dict[str, Any]) -> dict[str, Any]:
        started = datetime.now(UTC)
        reports: list[dict[str, Any]] = []
        if options["uploads"]:
            UploadsFolder(options["uploads"]).close()  # to say what is wrong with it before anything is loaded
        with shown_on(self.stdout) as shown:
            loaded = load.run(
                source,
                _chosen(options),
                shown,
                afterwards=lambda ground, loaded: reports.append(_completed(ground, loaded, options)),
            )
            if loaded.run is not None:
                return reports[0]
            report = _judged(_report(source, loaded, started), options)
            if options["uploads"]:
                report["files"] = files_of(source, options["uploads"], None, shown)
        return report

    def _verify(self, source: Source, earlier: ImportRun, options: dict[str, Any]) -> dict[str, Any]:
        if not earlier.report.get("entities"):
            raise ImportFailed("This run did not come to its end: start the import again, it goes on and verifies.")
        with shown_on(self.stdout) as shown:
            comparison = verify.again(source, _chosen(options), shown)
        report = _judged(with_verification(earlier.report, verify.verified(comparison)), options)
        with system():
            earlier.mark_verified(report=report, is_ok=report["ok"])
        return report

    def _undo(self, earlier: ImportRun) -> None:
        if earlier.status == ImportRun.Status.UNDONE and not earlier.report.get("undo", {}).get("refused_count"):
            raise ImportFailed("This run was undone already.")
        with shown_on(self.stdout) as shown:
            undone = undo.undo(earlier, shown)
        with system():
            earlier.mark_undone(report=earlier.report | {"undo": undone.for_report()})
        for line in undo_lines(undone):
            self.stdout.write(line)
        if undone.refused_count:
            raise CommandError(f"{undone.refused_count} rows stay: see above.", returncode=NOT_OK)

    def _conclude(self, report: dict[str, Any], options: dict[str, Any]) -> None:
        for line in rule_lines(report):
            self.stdout.write(line)
        self.stdout.write("")
        for line in (*lines(report), *(file_lines(report["files"]) if "files" in report else ())):
            self.stdout.write(line)
        if options["report"]:
            _write(options["report"], report)
        if options["strict"] and _set_aside(report):
            raise CommandError(
                f"{_set_aside(report)} elements were set aside, and --strict was given.", returncode=NOT_OK
            )
        if not report["ok"]:
            raise CommandError("The import does not hold: see above.", returncode=NOT_OK)


def _set_aside(report: dict[str, Any]) -> int:
    return sum(figures["set_aside"] for figures in report["entities"].values())


def _judged(report: dict[str, Any], options: dict[str, Any]) -> dict[str, Any]:
    """With --strict a report is only good when nothing was set aside."""
    return report | {"ok": report["ok"] and not (options["strict"] and _set_aside(report))}


def _completed(ground: load.Ground, loaded: load.Loaded, options: dict[str, Any]) -> dict[str, Any]:
    """Verify the run, copy its files, and call it finished: while nobody else can import."""
    run = loaded.run
    assert run is not None
    comparison = verify.after_loading(ground)
    report = _judged(_report(ground.source, loaded, run.started_at, comparison), options)
    if options["uploads"]:
        report["files"] = files_of(ground.source, options["uploads"], run, ground.shown)
    with system():
        run.finish(report=report, is_ok=report["ok"])
        run.mark_verified(report=report, is_ok=report["ok"])
    return report


def _report(
    source: Source, loaded: load.Loaded, started: datetime, comparison: Comparison | None = None
) -> dict[str, Any]:
    return report_of(
        loaded.counts,
        run_id=loaded.run.pk if loaded.run else None,
        source=source.description(),
        is_dry=loaded.run is None,
        started_at=started,
        finished_at=datetime.now(UTC),
        unknown_collections=loaded.unknown_collections,
        verified=verify.verified(comparison) if comparison else None,
    )


def _chosen(options: dict[str, Any]) -> load.Options:
    chosen = load.Options(batch=options["batch"], is_dry=options["dry_run"])
    return chosen if options["processes"] is None else replace(chosen, processes=options["processes"])


def _run_named(name: str) -> ImportRun:
    """The run of this id, or the latest. Raises ImportFailed when there is none."""
    with system():
        runs = ImportRun.objects.order_by("-started_at", "-id")
        try:
            found: ImportRun | None = runs.first() if name == "latest" else runs.filter(pk=UUID(name)).first()
        except ValueError:
            found = None
    if found is None:
        raise ImportFailed("There is no such run. The administration lists their ids; 'latest' is the last one.")
    return found


def _place(options: dict[str, Any], earlier: ImportRun | None) -> str:
    """Where the source is: as the call says, or in the folder that the run has read. Raises SourceError."""
    place = options["dump"] or options["uri"] or (earlier.source.get("folder") if earlier else None)
    place = place or os.environ.get("MONGODB_URI")
    if not place:
        raise SourceError("Name the source with --dump or --uri, or set MONGODB_URI.")
    return str(place)


def _write(path: Path, report: dict[str, Any]) -> None:
    try:
        path.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error.strerror}.", returncode=UNREADABLE) from error
