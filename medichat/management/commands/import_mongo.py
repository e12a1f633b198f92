"""manage.py import_mongo: bring the previous system's MongoDB over."""

import json
from argparse import ArgumentParser
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from medichat.db.context import system
from medichat.legacy import load
from medichat.legacy.progress import shown_on
from medichat.legacy.read import Source, SourceError, open_source
from medichat.legacy.report import lines, report_of, rule_lines
from medichat.legacy.worker import ImportFailed

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
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("--dump", metavar="DIR", help="a folder of mongodump or mongoexport, plain or .gz")
        what.add_argument("--uri", metavar="mongodb://...", help="the running server")
        parser.add_argument("--database", default="", metavar="NAME", help="the database, where there are several")
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
        try:
            with open_source(options["dump"] or options["uri"], options["database"]) as source:
                report = self._import(source, options)
        except (SourceError, ImportFailed) as error:
            raise CommandError(str(error), returncode=UNREADABLE) from error
        except KeyboardInterrupt:
            raise CommandError("Interrupted. Start it again: it goes on.", returncode=UNREADABLE) from None
        self._conclude(report, options)

    def _import(self, source: Source, options: dict[str, Any]) -> dict[str, Any]:
        chosen = load.Options(batch=options["batch"], is_dry=options["dry_run"])
        if options["processes"] is not None:
            chosen = load.Options(batch=options["batch"], processes=options["processes"], is_dry=options["dry_run"])
        started = datetime.now(UTC)
        with shown_on(self.stdout) as shown:
            loaded = load.run(source, chosen, shown)
        report = report_of(
            loaded.counts,
            run_id=loaded.run.pk if loaded.run else None,
            source=source.description(),
            is_dry=options["dry_run"],
            started_at=loaded.run.started_at if loaded.run else started,
            finished_at=datetime.now(UTC),
            unknown_collections=loaded.unknown_collections,
        )
        if loaded.run:
            with system():
                loaded.run.finish(report=report, is_ok=report["ok"])
        return report

    def _conclude(self, report: dict[str, Any], options: dict[str, Any]) -> None:
        for line in rule_lines(report):
            self.stdout.write(line)
        self.stdout.write("")
        for line in lines(report):
            self.stdout.write(line)
        if options["report"]:
            _write(options["report"], report)
        set_aside = sum(figures["set_aside"] for figures in report["entities"].values())
        if not report["ok"]:
            raise CommandError("The import does not hold: see above.", returncode=NOT_OK)
        if options["strict"] and set_aside:
            raise CommandError(f"{set_aside} elements were set aside, and --strict was given.", returncode=NOT_OK)


def _write(path: Path, report: dict[str, Any]) -> None:
    try:
        path.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error.strerror}.", returncode=UNREADABLE) from error
