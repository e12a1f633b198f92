"""The keys of backups, and which other keys a backup needs before its contents can be read."""

import hashlib
import hmac
from collections.abc import Iterable
from pathlib import Path

from django.conf import settings

from medichat.backup import BackupError
from medichat.backup.envelope import public_key_of
from medichat.db.embedded import development_secret
from medichat.settings import encryption_key

Key = tuple[str, bytes]
_MARK = b"medichat backup: which key is this"


def public_key() -> Key:
    """The key that backups are sealed for. BackupError when production has none."""
    if settings.BACKUP_PUBLIC_KEY:
        return encryption_key("BACKUP_PUBLIC_KEY", settings.BACKUP_PUBLIC_KEY)
    if settings.PRODUCTION:
        raise BackupError(
            "BACKUP_PUBLIC_KEY is not set. 'manage.py generate_secrets --backup' makes a pair of keys: put the public "
            "one into the environment, and keep the private one somewhere else than the server and its backups."
        )
    key_id, private = _development_key()
    return key_id, public_key_of(private)


def private_key(key_file: Path | None = None) -> Key:
    """The key that opens backups, from the file or from BACKUP_PRIVATE_KEY. BackupError when there is none."""
    if key_file is not None:
        try:
            text = key_file.read_text().strip().removeprefix("BACKUP_PRIVATE_KEY=")
        except (OSError, UnicodeDecodeError) as error:
            raise BackupError(f"The key file cannot be read: {error}") from error
        return encryption_key(str(key_file), text)
    if settings.BACKUP_PRIVATE_KEY:
        return encryption_key("BACKUP_PRIVATE_KEY", settings.BACKUP_PRIVATE_KEY)
    if settings.PRODUCTION:
        raise BackupError(
            "BACKUP_PRIVATE_KEY is not set, and without it no backup opens. Give it in the environment for this one "
            "command, or a file that holds it with --key-file."
        )
    return _development_key()


def _development_key() -> Key:
    return encryption_key("BACKUP_PRIVATE_KEY", development_secret(settings.DATA_DIR, "BACKUP_PRIVATE_KEY"))


def fingerprints() -> dict[str, str]:
    """What tells whether the same keys are configured, by name; nothing can be learnt about a key from it."""
    keys: Iterable[Key] = [
        *((f"{key_id} of ENCRYPTION_KEY", key) for key_id, key in settings.ENCRYPTION_KEYS),
        ("BLIND_INDEX_KEY", settings.BLIND_INDEX_KEY),
        ("AUDIT_SIGNING_KEY", settings.AUDIT_SIGNING_KEY),
    ]
    return {name: hmac.new(key, _MARK, hashlib.sha256).hexdigest() for name, key in keys}


def missing_keys(of_backup: dict[str, str]) -> list[str]:
    """The keys that were configured when the backup was made and are not, or are others, now."""
    here = fingerprints()
    return sorted(name for name, mark in of_backup.items() if here.get(name) != mark)
