"""Bring a backup back into an empty installation, or only look whether it could be."""

from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error

from audit.actions import Action
from audit.record import record
from audit.seal import seal_log
from medichat.backup import BackupError
from medichat.backup.keys import missing_keys, private_key
from medichat.backup.make import Contents
from medichat.backup.read import Check, read, read_beginning
from medichat.backup.restore import restore
from medichat.db.context import system


class Command(BaseCommand):
    """``manage.py restore /backups/medichat-....backup``"""

    help = (
        "Restores a backup into an empty database (DATABASE_OWNER_URL) and an empty FILES_DIR, all of it or nothing, "
        "and compares the log with its seals. --check opens and compares the whole backup without any database."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Which backup and how."""
        parser.add_argument("backup", type=Path)
        parser.add_argument("--check", action="store_true", help="only look whether it is whole and opens")
        parser.add_argument("--key-file", type=Path, help="a file that holds BACKUP_PRIVATE_KEY")
        parser.add_argument("--accept-missing-keys", action="store_true", help="restore without a key it needs")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Check or restore."""
        path: Path = options["backup"]
        try:
            key = private_key(options["key_file"])
            if options["check"]:
                contents, _ = read(path, key, Check())
                self._tell("The backup is whole", contents)
                self._tell_missing_keys(path, key)
                return
            contents = restore(path, key, accept_missing_keys=options["accept_missing_keys"])
        except (BackupError, ImproperlyConfigured) as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"The backup cannot be read, or a file cannot be written: {error}") from error
        except Error as error:  # its message may quote a row
            raise CommandError(f"The database refused ({type(error).__name__}); nothing was restored.") from error
        self._tell("Restored", contents)
        with system():
            record(Action.BACKUP_RESTORED, actor=None, resource_type="backup", codes={"files": contents.files})
        # At once: the new server counts its transactions from where it is, and the chain of seals says so.
        seal_log()
        call_command("verify_audit", stdout=self.stdout)

    def _tell(self, what: str, contents: Contents) -> None:
        for file_id in contents.missing:
            self.stderr.write(f"The file {file_id} was missing already when the backup was made.")
        self.stdout.write(
            f"{what}: {sum(contents.rows.values())} rows of {len(contents.rows)} tables, {contents.files} files."
        )

    def _tell_missing_keys(self, path: Path, key: tuple[str, bytes]) -> None:
        for name in missing_keys(read_beginning(path, key)["keys"]):
            self.stderr.write(f"It was made with another {name} than the one configured here.")
