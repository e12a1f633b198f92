"""Sealing patient data: AES-256-GCM, bound to the place where the value is stored.

What is stored is ``version (1 byte) | length of the key id (1 byte) | key id | nonce (12 bytes) | ciphertext and tag``.
The header and the place are associated data: a value that was moved to another row, column or table, or whose header
was changed, does not open. Keys come from ``settings.ENCRYPTION_KEYS``, newest first: the first encrypts, all decrypt.
Nonces are random: one key is good for 2**32 values, so that a clinic rotates for other reasons long before.

``seal`` and ``open_sealed`` know nothing of models: the encrypted fields and bulk importers (COPY) share them.
"""

import os
from collections.abc import Sequence
from functools import lru_cache
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

VERSION = 1
NONCE_BYTES = 12
TAG_BYTES = 16
KEY_ID_MAX_LENGTH = 16

RowId = UUID | int | str


class DecryptionError(Exception):
    """A stored value does not open: it was damaged or moved, or its key is missing.

    Names where the value is (table, column, row) and, if that is the reason, the id of the missing key; never the
    value and never a key.
    """

    def __init__(self, table: str, column: str, row_id: RowId, reason: str) -> None:
        self.table, self.column, self.row_id, self.reason = table, column, row_id, reason
        super().__init__(f"{table}.{column} of row {row_id} cannot be decrypted: {reason}")

    def __reduce__(self) -> tuple[type["DecryptionError"], tuple[str, str, RowId, str]]:
        return type(self), (self.table, self.column, self.row_id, self.reason)


class UnreadableError(Exception):
    """Sealed bytes do not open; the caller, who knows the place, says where."""


def newest_key_id() -> str:
    """The id of the key that encrypts now."""
    return _newest_key()[0]


def key_header(key_id: str) -> bytes:
    """The first bytes of everything that was sealed with this key."""
    return _header(key_id)


def key_id_of(sealed: bytes) -> str:
    """The id of the key that sealed these bytes. Raises UnreadableError when they were not sealed here."""
    if len(sealed) < 2 or sealed[0] != VERSION or not 1 <= sealed[1] <= KEY_ID_MAX_LENGTH:
        raise UnreadableError("it is not an encrypted value")
    key_id = bytes(sealed[2 : 2 + sealed[1]])
    if len(key_id) != sealed[1] or not key_id.isascii() or not key_id.decode("ascii").isprintable():
        raise UnreadableError("it is not an encrypted value")
    return key_id.decode("ascii")


def seal_bytes(clear: bytes, place: bytes) -> bytes:
    """Encrypt with the newest key; ``place`` must be given again, exactly, to open."""
    key_id, key = _newest_key()
    header = _header(key_id)
    nonce = os.urandom(NONCE_BYTES)
    return header + nonce + _cipher(key).encrypt(nonce, clear, header + place)


def open_bytes(sealed: bytes, place: bytes) -> bytes:
    """Decrypt what ``seal_bytes`` made for this very place. Raises UnreadableError, with the reason, otherwise."""
    sealed = bytes(sealed)
    key_id, key = _newest_key()
    if not sealed.startswith(_header(key_id)):  # nearly everything was sealed with the newest
        key_id, key = _older_key(sealed)
    header_length = 2 + len(key_id)
    body = header_length + NONCE_BYTES
    if len(sealed) < body + TAG_BYTES:
        raise UnreadableError("it is cut off")
    try:
        return _cipher(key).decrypt(sealed[header_length:body], sealed[body:], sealed[:header_length] + place)
    except InvalidTag:
        raise UnreadableError("it was changed, moved here from elsewhere, or sealed with another key") from None


def _older_key(sealed: bytes) -> tuple[str, bytes]:
    key_id = key_id_of(sealed)
    for known_id, key in settings.ENCRYPTION_KEYS:
        if known_id == key_id:
            return known_id, key
    raise UnreadableError(f"the key {key_id!r} is not in ENCRYPTION_KEY")


def seal(table: str, column: str, row_id: RowId, text: str) -> bytes:
    """The bytes to store for a text in this table, column and row.

    ``row_id`` is the primary key as Python holds it (a UUID, not some other spelling of it). Raises ValueError for a
    text with a lone surrogate, which no encoding can hold, without repeating the text.
    """
    clear = _encoded(text)
    if clear is None:
        raise ValueError(f"{table}.{column} of row {row_id}: the text holds half a character (a lone surrogate).")
    return seal_bytes(clear, _place(table, column, row_id))


def open_sealed(table: str, column: str, row_id: RowId, sealed: bytes) -> str:
    """The text that ``seal`` stored in this table, column and row. Raises DecryptionError."""
    try:
        return open_bytes(sealed, _place(table, column, row_id)).decode("utf-8")
    except UnreadableError as unreadable:
        raise DecryptionError(table, column, row_id, str(unreadable)) from None


def is_encodable(text: str) -> bool:
    """Whether the text can be stored: everything but lone surrogates, which broken JSON may hold."""
    return _encoded(text) is not None


def _encoded(text: str) -> bytes | None:
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:  # it carries the whole text, so it goes no further
        return None


def _place(table: str, column: str, row_id: RowId) -> bytes:
    return f"{table}.{column}:{row_id}".encode()


def _newest_key() -> tuple[str, bytes]:
    keys: Sequence[tuple[str, bytes]] = settings.ENCRYPTION_KEYS
    if not keys:
        raise ImproperlyConfigured("ENCRYPTION_KEY holds no key: patient data cannot be stored.")
    return keys[0]


@lru_cache(maxsize=32)
def _cipher(key: bytes) -> AESGCM:
    if len(key) != 32:
        raise ImproperlyConfigured("Every key in ENCRYPTION_KEY must be 32 bytes long.")
    return AESGCM(key)


@lru_cache(maxsize=32)
def _header(key_id: str) -> bytes:
    encoded = key_id.encode("ascii", "replace")
    if not 1 <= len(encoded) <= KEY_ID_MAX_LENGTH or not key_id.isascii() or not key_id.isprintable():
        raise ImproperlyConfigured(f"The id of a key in ENCRYPTION_KEY must be 1 to {KEY_ID_MAX_LENGTH} ASCII letters.")
    return bytes([VERSION, len(encoded)]) + encoded
