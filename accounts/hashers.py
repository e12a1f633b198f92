"""How passwords are stored: Argon2id; and the previous system's bcrypt, until its owner signs in."""

import unicodedata
from typing import Any

import bcrypt
from django.contrib.auth.hashers import Argon2PasswordHasher, BasePasswordHasher
from django.utils.crypto import constant_time_compare


class Argon2Hasher(Argon2PasswordHasher):
    """Argon2id with 46 MiB, two passes, one lane: above the least that OWASP's Password Storage Cheat Sheet names.

    The text is normalised first (NFKC, as NIST SP 800-63B advises), so that an accented letter is the same whichever
    keyboard typed it.
    """

    time_cost = 2
    memory_cost = 46 * 1024
    parallelism = 1

    def encode(self, password: str, salt: str) -> str:
        """Hash a password."""
        return super().encode(unicodedata.normalize("NFKC", password), salt)

    def verify(self, password: str, encoded: str) -> bool:
        """Whether the hash is this password's."""
        return super().verify(unicodedata.normalize("NFKC", password), encoded)


class LegacyBcryptHasher(BasePasswordHasher):
    """The previous system's hashes, stored as ``legacy_bcrypt$`` and the bcrypt hash (``$2a$`` or ``$2b$``).

    bcrypt looked at the first 72 bytes of the password in UTF-8. It is not the preferred hasher, so the password is
    hashed anew when its owner signs in. New passwords are never stored this way: ``encode`` serves to spend the time
    (cost 10, what the previous system used) that checking such a hash would have taken.
    """

    algorithm = "legacy_bcrypt"
    rounds = 10
    bytes_used = 72

    def salt(self) -> str:
        """A fresh bcrypt salt."""
        return bcrypt.gensalt(self.rounds).decode()

    def encode(self, password: str, salt: str) -> str:
        """Hash as the previous system did."""
        hashed = bcrypt.hashpw(self._used_part(password), salt.encode())
        return f"{self.algorithm}${hashed.decode()}"

    def decode(self, encoded: str) -> dict[str, str | int]:
        """Algorithm, cost and the hash itself. Raises ValueError when it is no such hash."""
        algorithm, separator, bcrypt_hash = encoded.partition("$")
        parts = bcrypt_hash.split("$")
        if algorithm != self.algorithm or not separator or len(parts) != 4 or parts[1] not in {"2a", "2b", "2y"}:
            raise ValueError("This is no bcrypt hash of the previous system.")
        return {"algorithm": algorithm, "rounds": int(parts[2]), "hash": bcrypt_hash}

    def verify(self, password: str, encoded: str) -> bool:
        """Whether the hash is this password's; a damaged hash belongs to no password."""
        try:
            stored = str(self.decode(encoded)["hash"])
            computed = bcrypt.hashpw(self._used_part(password), stored.encode())
        except ValueError:
            return False
        return constant_time_compare(computed.decode(), stored)

    def must_update(self, encoded: str) -> bool:
        """Always: Argon2 is preferred."""
        return True

    def safe_summary(self, encoded: str) -> dict[Any, Any]:
        """What may be shown of it: nothing of the hash."""
        return {"algorithm": self.algorithm}

    def harden_runtime(self, password: str, encoded: str) -> None:
        """Nothing to add: the sign-in computes every kind of hash once (``accounts.backends``)."""

    def _used_part(self, password: str) -> bytes:
        return password.encode()[: self.bytes_used]
