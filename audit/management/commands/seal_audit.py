"""Seal the activity log now (the running system does it every minute)."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from audit.seal import seal_log
from audit.seals_file import SealError


class Command(BaseCommand):
    """Seals what is settled and exports the seals."""

    help = "Seals the settled rows of the activity log and appends the seals to AUDIT_SEALS_FILE."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Seal and export."""
        try:
            sealed = seal_log()
        except SealError as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"AUDIT_SEALS_FILE cannot be written: {error}") from error
        self.stdout.write(f"Sealed {sealed} row(s).")
