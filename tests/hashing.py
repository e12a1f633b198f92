"""Hashing a password costs next to nothing in tests: it is slow on purpose, and done thousands of times."""

from dataclasses import dataclass

from accounts.hashers import Argon2Hasher, LegacyBcryptHasher


@dataclass(frozen=True)
class Cost:
    """What makes hashing slow: passes, KiB of memory and lanes of Argon2, and bcrypt's doublings."""

    passes: int
    memory: int
    lanes: int
    rounds: int

    @classmethod
    def now(cls) -> "Cost":
        """What a hash costs now."""
        argon = Argon2Hasher
        return cls(argon.time_cost, argon.memory_cost, argon.parallelism, LegacyBcryptHasher.rounds)

    def pay(self) -> None:
        """From now on every hash costs this."""
        Argon2Hasher.time_cost, Argon2Hasher.memory_cost, Argon2Hasher.parallelism = (
            self.passes,
            self.memory,
            self.lanes,
        )
        LegacyBcryptHasher.rounds = self.rounds


OF_THE_CLINIC = Cost.now()
OF_THE_TESTS = Cost(passes=1, memory=64, lanes=1, rounds=4)
