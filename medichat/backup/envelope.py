"""The encryption around a backup: for a public key, in chunks, so that any length passes through little memory.

``magic | length and id of the key | ephemeral public key (32 bytes) | chunks``. A chunk is its length (4 bytes) and
AES-256-GCM ciphertext; its nonce is its number and whether it is the last, the head of the file is associated data. A
file that was changed, reordered, cut off or extended does not open. The key of the file comes from an X25519 exchange
between an ephemeral key and the public key: who has made the backup cannot open it again.
"""

import io
import os
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from medichat.backup import BackupError

MAGIC = b"medichat backup 1\n"
CHUNK_BYTES = 256 * 1024
_TAG_BYTES = 16
_KEY_BYTES = 32
_LENGTH_BYTES = 4

CUT_OFF = "The backup is cut off: its end is missing. It cannot be restored."


class SealingWriter(io.RawIOBase):
    """Encrypts what is written to it; only ``close`` makes the file complete."""

    def __init__(self, target: BinaryIO, public_key: tuple[str, bytes]) -> None:
        key_id, recipient = public_key
        ephemeral = X25519PrivateKey.generate()
        own = ephemeral.public_key().public_bytes_raw()
        self._target = target
        self._head = MAGIC + bytes([len(key_id)]) + key_id.encode("ascii") + own
        shared = ephemeral.exchange(X25519PublicKey.from_public_bytes(recipient))
        self._cipher = AESGCM(_derived(shared, own + recipient))
        self._waiting = bytearray()
        self._number = 0
        target.write(self._head)

    def writable(self) -> bool:
        """It is for writing only."""
        return True

    def write(self, data: "bytes | bytearray | memoryview") -> int:  # type: ignore[override]  # any bytes
        """Take the bytes; whole chunks are encrypted at once."""
        self._waiting += data
        while len(self._waiting) > CHUNK_BYTES:
            self._seal(bytes(self._waiting[:CHUNK_BYTES]), last=False)
            del self._waiting[:CHUNK_BYTES]
        return len(data)

    def finish(self) -> None:
        """Write the last chunk: from now on the file is complete."""
        self._seal(bytes(self._waiting), last=True)
        self._waiting.clear()

    def _seal(self, clear: bytes, *, last: bool) -> None:
        sealed = self._cipher.encrypt(_nonce(self._number, last=last), clear, self._head)
        self._target.write(len(sealed).to_bytes(_LENGTH_BYTES, "big") + sealed)
        self._number += 1


class OpeningReader(io.RawIOBase):
    """Decrypts a sealed file; nothing that was not authenticated comes out of it. Raises BackupError."""

    def __init__(self, source: BinaryIO, private_key: tuple[str, bytes]) -> None:
        self._source = source
        key_id, secret = private_key
        if source.read(len(MAGIC)) != MAGIC:
            raise BackupError("This is no backup of MediChat, or one of a version that this program does not know.")
        named = _exactly(source, 1)
        made_for = _exactly(source, named[0])
        own = _exactly(source, _KEY_BYTES)
        self._head = MAGIC + named + made_for + own
        private = X25519PrivateKey.from_private_bytes(secret)
        recipient = private.public_key().public_bytes_raw()
        self._cipher = AESGCM(_derived(private.exchange(X25519PublicKey.from_public_bytes(own)), own + recipient))
        self._key_ids = made_for.decode("ascii", "replace"), key_id
        self._ready = b""
        self._number = 0
        self._ended = False
        self._following = source.read(_LENGTH_BYTES)

    def readable(self) -> bool:
        """It is for reading only."""
        return True

    def readinto(self, buffer: "memoryview | bytearray") -> int:  # type: ignore[override]  # any writable bytes
        """Give the next clear bytes."""
        if not self._ready and not self._ended:
            self._ready = self._open_next()
        count = min(len(buffer), len(self._ready))
        buffer[:count] = self._ready[:count]
        self._ready = self._ready[count:]
        return count

    def _open_next(self) -> bytes:
        length = int.from_bytes(self._following, "big")
        if len(self._following) < _LENGTH_BYTES:
            raise BackupError(CUT_OFF)
        if not _TAG_BYTES <= length <= CHUNK_BYTES + _TAG_BYTES:
            raise BackupError(f"The backup is damaged in its part {self._number + 1}. It cannot be restored.")
        sealed = _exactly(self._source, length)
        self._following = self._source.read(_LENGTH_BYTES)
        last = not self._following
        try:
            clear = self._cipher.decrypt(_nonce(self._number, last=last), sealed, self._head)
        except InvalidTag:
            raise BackupError(self._why_closed(sealed, last=last)) from None
        self._number += 1
        self._ended = last
        return clear if clear or last else self._open_next()

    def _why_closed(self, sealed: bytes, *, last: bool) -> str:
        """Cut off between two parts, damaged, or sealed for another key: the first part tells."""
        if last:
            try:
                self._cipher.decrypt(_nonce(self._number, last=False), sealed, self._head)
            except InvalidTag:
                pass  # not the reason
            else:
                return CUT_OFF
        made_for, key_id = self._key_ids
        if self._number == 0 and made_for != key_id:
            return f"The backup was sealed for the key {made_for!r}; BACKUP_PRIVATE_KEY holds {key_id!r}."
        if self._number == 0:
            return "The backup does not open: it is damaged, or BACKUP_PRIVATE_KEY is not the key it was sealed for."
        return f"The backup is damaged in its part {self._number + 1}. It cannot be restored."


def new_key_pair() -> tuple[bytes, bytes]:
    """A private key and its public key, 32 bytes each."""
    private = os.urandom(_KEY_BYTES)
    return private, public_key_of(private)


def public_key_of(private: bytes) -> bytes:
    """The public key that belongs to a private one."""
    return X25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()


def _derived(shared: bytes, salt: bytes) -> bytes:
    return HKDF(SHA256(), _KEY_BYTES, salt=salt, info=MAGIC).derive(shared)


def _nonce(number: int, *, last: bool) -> bytes:
    """Never used twice: the key is made for this file alone."""
    return number.to_bytes(11, "big") + bytes([last])


def _exactly(source: BinaryIO, count: int) -> bytes:
    found = source.read(count)
    if len(found) < count:
        raise BackupError(CUT_OFF)
    return found
