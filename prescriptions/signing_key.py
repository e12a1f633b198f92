"""The key with which the clinic signs prescriptions, from the settings."""

import base64
import binascii
from functools import cache
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from medichat.db.embedded import development_secret
from prescriptions.pdf.signing import DEVELOPMENT, SigningKey, SigningKeyError, new_signing_key

NAME = "PRESCRIPTION_SIGNING_KEY"
REMEDY = (
    "It must be a PKCS #12 file (.p12, .pfx) in base64, with its passphrase in PRESCRIPTION_SIGNING_PASSPHRASE when it "
    "has one: the certificate of a certification authority, or what 'manage.py generate_secrets' prints."
)


def clinic_key() -> SigningKey:
    """The clinic's key, or the development key where none is set. Raises ImproperlyConfigured for one of no use."""
    return _opened(settings.PRESCRIPTION_SIGNING_KEY, settings.PRESCRIPTION_SIGNING_PASSPHRASE, Path(settings.DATA_DIR))


@cache
def _opened(encoded: str, passphrase: str, data_dir: Path) -> SigningKey:
    encoded = encoded or development_secret(data_dir, NAME, lambda: encode(new_signing_key(DEVELOPMENT)))
    try:
        key = SigningKey(base64.b64decode(encoded, validate=True), passphrase)
        key.certificate()
    except (binascii.Error, SigningKeyError) as error:
        reason = str(error) if isinstance(error, SigningKeyError) else "it is no base64"
        raise ImproperlyConfigured(f"{NAME} cannot be used: {reason}. {REMEDY}") from None
    return key


def encode(key: SigningKey) -> str:
    """The key as the setting holds it."""
    return base64.b64encode(key.content).decode()


def refuse_unusable_key() -> None:
    """Raise ImproperlyConfigured without a key, with one that cannot be opened, and with a development key."""
    if not settings.PRESCRIPTION_SIGNING_KEY:
        raise ImproperlyConfigured(f"{NAME} is not set: without it prescriptions cannot be signed. {REMEDY}")
    if clinic_key().is_development:
        raise ImproperlyConfigured(
            f"{NAME} holds a development key, for which nobody answers. Production does not start with it. {REMEDY}"
        )
