"""Make a backup of everything: tables, uploaded files, exported seals and archives of the log."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error

from audit.actions import Action
from audit.record import record
from audit.seal import seal_log
from audit.seals_file import SealError
from medichat.backup import BackupError
from medichat.backup.keys import public_key
from medichat.backup.make import make
from medichat.db.context import system


class Command(BaseCommand):
    """``manage.py backup --output /backups``"""

    help = (
        "Writes one encrypted file with all tables (of one moment), all uploaded files, and the seals and archives of "
        "the log. It is sealed for BACKUP_PUBLIC_KEY; the keys of the environment are not in it. Runs while the clinic "
        "works, as the application role."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Where to."""
        parser.add_argument("--output", type=Path, required=True, help="a new file, or a directory to put one into")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Seal the log, make the backup, put it on the record."""
        target: Path = options["output"]
        if target.is_dir():
            target /= f"medichat-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.backup"
        try:
            seal_log()  # what is sealed already can be compared with after restoring
            contents = make(target, public_key())
        except (BackupError, SealError, ImproperlyConfigured) as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"The backup cannot be written: {error}") from error
        except Error as error:  # its message may quote a row
            raise CommandError(f"The database refused ({type(error).__name__}); no backup was made.") from error
        rows = sum(contents.rows.values())
        with system():
            record(
                Action.BACKUP_CREATED,
                actor=None,
                resource_type="backup",
                codes={"rows": rows, "files": contents.files, "missing_files": len(contents.missing)},
            )
        for file_id in contents.missing:
            self.stderr.write(f"The file {file_id} is named by a row and not on the disk: the backup lacks it.")
        self.stdout.write(
            f"{target}: {rows} rows of {len(contents.rows)} tables, {contents.files} files "
            f"({contents.file_bytes / 1_048_576:.1f} MB), {target.stat().st_size / 1_048_576:.1f} MB in all."
        )
