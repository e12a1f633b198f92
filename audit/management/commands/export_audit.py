"""Export a time of the activity log, signed."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from audit.actions import Action
from audit.export import export
from audit.record import record
from medichat.db.context import system


def day(text: str) -> datetime:
    """A day or a moment, in UTC unless it says otherwise."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


class Command(BaseCommand):
    """``manage.py export_audit --from 2026-01-01 --to 2026-02-01 --output january.jsonl``"""

    help = (
        "Writes the rows of the activity log of this time to a new file, one JSON object a line, with a signature that "
        "'verify_audit --export FILE' checks without the database. The file is not encrypted: it says who did what."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Which time, and where to."""
        parser.add_argument("--from", dest="begin", type=day, required=True, help="the first moment (2026-01-01, UTC)")
        parser.add_argument("--to", dest="end", type=day, required=True, help="the moment after the last")
        parser.add_argument("--output", type=Path, required=True, help="a new file")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Export, and put that on the record."""
        begin, end = options["begin"], options["end"]
        try:
            with system():
                count = export(options["output"], begin, end)
                codes = {"from": begin.isoformat(), "to": end.isoformat(), "rows": count}
                record(Action.LOG_EXPORTED, actor=None, resource_type="log", codes=codes)
        except FileExistsError as error:
            raise CommandError(f"{options['output']} exists already; an export never overwrites a file.") from error
        except OSError as error:
            raise CommandError(f"The export cannot be written: {error}") from error
        self.stdout.write(f"{options['output']}: {count} row(s).")
