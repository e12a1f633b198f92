"""Print fresh secrets for a production installation."""

import base64
import os
import secrets
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from medichat.backup.envelope import new_key_pair
from prescriptions.pdf.signing import new_signing_key

TEXTS = ("SECRET_KEY", "JWT_SECRET", "REFRESH_TOKEN_SECRET")
KEYS = ("ENCRYPTION_KEY", "BLIND_INDEX_KEY", "AUDIT_SIGNING_KEY")


class Command(BaseCommand):
    """Lines for an environment file. Nothing is stored: what is printed is the only copy."""

    help = "Print fresh secrets as lines for an environment file; run it without MEDICHAT_ENV=production."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Which."""
        parser.add_argument("--backup", action="store_true", help="the two keys of backups instead")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print every secret once. Key ids name the month, so that a rotation can be told apart."""
        key_id = datetime.now(UTC).strftime("%Y%m")
        if options["backup"]:
            private, public = new_key_pair()
            self.stdout.write("# For the environment of the server: it can make backups with this, and not open them.")
            self.stdout.write(f"BACKUP_PUBLIC_KEY={key_id}:{base64.urlsafe_b64encode(public).decode()}")
            self.stdout.write("# To be kept somewhere else than the server and its backups: only 'restore' needs it.")
            self.stdout.write(f"BACKUP_PRIVATE_KEY={key_id}:{base64.urlsafe_b64encode(private).decode()}")
            return
        for name in TEXTS:
            self.stdout.write(f"{name}={secrets.token_urlsafe(48)}")
        for name in KEYS:
            self.stdout.write(f"{name}={key_id}:{base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()}")
        self.stdout.write("# Signed by itself: PDF readers call its signer unknown until they are told to trust it.")
        signing_key = new_signing_key(os.environ.get("CLINIC_NAME", "").strip() or "MediChat Clinic")
        self.stdout.write(f"PRESCRIPTION_SIGNING_KEY={base64.b64encode(signing_key.content).decode()}")
