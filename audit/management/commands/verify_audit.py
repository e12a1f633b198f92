"""Compare the activity log with its seals."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from audit.export import check
from audit.verify import verify
from medichat.db.context import system


class Command(BaseCommand):
    """Names each row that is not as it was sealed; ends with an error when there is one."""

    help = (
        "Compares the activity log with its seals and names every row that was changed, removed, inserted or reordered."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """What to compare with."""
        parser.add_argument(
            "--seals",
            type=Path,
            help="the exported seals, which are believed rather than the table (AUDIT_SEALS_FILE; better a copy "
            "that is kept where the database's administrators cannot write)",
        )
        parser.add_argument(
            "--since",
            type=lambda text: datetime.fromisoformat(text).replace(tzinfo=UTC),
            help="only rows of seals made since this day (2026-11-22, UTC); the chain is checked from its beginning",
        )

        parser.add_argument(
            "--archives", type=Path, default=Path(settings.AUDIT_ARCHIVE_DIR), help="where dropped months are archived"
        )
        parser.add_argument("--export", type=Path, help="check this export instead; the database is not looked at")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Verify and report."""
        if options["export"]:
            self._check_export(options["export"], options["seals"])
            return
        seals = options["seals"] or _exported_here()
        try:
            with system():
                report = verify(file=seals, since=options["since"], archives=options["archives"])
        except OSError as error:
            raise CommandError(f"The file of seals cannot be read: {error}") from error
        for finding in report.findings:
            self.stdout.write(finding)
        self.stdout.write(
            f"{report.seals} seal(s), {report.rows} sealed row(s) compared, {report.unsealed} row(s) not sealed yet."
        )
        if seals is None:
            self.stdout.write(
                f"There is no file of seals ({settings.AUDIT_SEALS_FILE}): only the table's own were believed, and "
                "whoever can change the log could have removed them. Name a copy with --seals."
            )
        if report.archived:
            self.stdout.write(f"{report.archived} of the sealed row(s) are in archives.")
        if report.findings:
            raise CommandError(f"The record is not as it was sealed: {len(report.findings)} finding(s).")

    def _check_export(self, path: Path, seals: Path | None) -> None:
        try:
            rows, findings = check(path, seals=seals)
        except OSError as error:
            raise CommandError(f"The export or the seals cannot be read: {error}") from error
        for finding in findings:
            self.stdout.write(finding)
        compared = " and compared with the seals" if seals else ""
        self.stdout.write(f"{rows} row(s) read{compared}.")
        if findings:
            raise CommandError(f"The export is not what was signed: {len(findings)} finding(s).")


def _exported_here() -> Path | None:
    """The file that sealing writes: without it, a log that was emptied together with its seals would look whole."""
    return settings.AUDIT_SEALS_FILE if settings.AUDIT_SEALS_FILE.exists() else None
