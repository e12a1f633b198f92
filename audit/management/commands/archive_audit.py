"""Archive months of the log past AUDIT_RETENTION_DAYS, and drop those that are archived."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error

from audit.archive import ArchiveError
from audit.archiving import archive, drop, expired_months
from audit.seal import seal_log
from audit.seals_file import SealError
from medichat.db.context import system


class Command(BaseCommand):
    """``manage.py archive_audit [--drop]``"""

    help = (
        "Writes each month of the activity log that is older than AUDIT_RETENTION_DAYS into a signed, encrypted file "
        "in AUDIT_ARCHIVE_DIR. With --drop, months are removed from the database after their archives were read again "
        "and compared with the log and its seals; needs DATABASE_OWNER_URL."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Whether to drop."""
        parser.add_argument("--drop", action="store_true", help="remove what is archived from the database")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Archive every expired month, then drop if asked to."""
        try:
            seal_log()
            with system():
                months = list(expired_months())
            for month in months:
                path = archive(month)
                self.stdout.write(f"{month}: {f'archived in {path}' if path else 'archived already'}")
                if options["drop"]:
                    self.stdout.write(f"{month}: {drop(month)} row(s) dropped")
        except (ArchiveError, SealError) as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"A file cannot be read or written: {error}") from error
        except Error as error:
            raise CommandError(f"The database refused ({type(error).__name__}).") from error
        if not months:
            self.stdout.write("No month of the log is older than AUDIT_RETENTION_DAYS.")
