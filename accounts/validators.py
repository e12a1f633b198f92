"""What a new password must be: long enough and not easily guessed (NIST SP 800-63B). No rules of composition."""

import re
from itertools import pairwise
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError

SHORTEST, LONGEST = 12, 128
LEFT_WITHOUT_CONTEXT = 8
FEWEST_DIFFERENT = 5


class LengthValidator:
    """From 12 to 128 characters; any characters, blanks included."""

    def validate(self, password: str, user: Any = None) -> None:
        """Raise ValidationError when it is too short or too long."""
        if len(password) < SHORTEST:
            raise ValidationError(
                f"This password has {len(password)} characters. Use at least {SHORTEST}; a few words together are easy "
                "to remember.",
                code="password_too_short",
            )
        if len(password) > LONGEST:
            raise ValidationError(f"Use at most {LONGEST} characters.", code="password_too_long")

    def get_help_text(self) -> str:
        """What the form says beside the field."""
        return f"At least {SHORTEST} characters. A few words together are easy to remember."


class ContextWordsValidator:
    """Not built from the person's name, address or clinic, and not a mere pattern.

    Such words may occur: what remains without them must be 8 characters long.
    """

    def validate(self, password: str, user: Any = None) -> None:
        """Raise ValidationError when little remains without the words that everybody would try first."""
        rest = password.casefold()
        for word in sorted(context_words(user), key=len, reverse=True):
            rest = rest.replace(word, "")
        if rest != password.casefold() and len(rest) < LEFT_WITHOUT_CONTEXT:
            raise ValidationError(
                "This password is mostly your name, your e-mail address or the clinic's name, which others would try "
                "first. Add words that have nothing to do with them.",
                code="password_from_context",
            )
        if len(set(password)) < FEWEST_DIFFERENT or _is_sequence(password):
            raise ValidationError("This password is a simple pattern. Use a few words.", code="password_is_pattern")

    def get_help_text(self) -> str:
        """What the form says beside the field."""
        return "Not your name, your e-mail address or the clinic's name."


def context_words(user: Any) -> set[str]:
    """Words of at least three letters from the person's names and address and the clinic's name, in lower case."""
    sources = ["medichat", settings.CLINIC_NAME]
    sources += [getattr(user, field, None) or "" for field in ("first_name", "last_name", "email", "licence_number")]
    words = {word for source in sources for word in re.split(r"[\W_]+", source.casefold())}
    return {word for word in words if len(word) >= 3}


def _is_sequence(password: str) -> bool:
    """Whether the characters follow each other with one step, as in ``abcdefghijkl`` or ``987654321098``."""
    steps = {ord(right) - ord(left) for left, right in pairwise(password)}
    return len(steps - {9, -9}) == 1 and len(steps) <= 2
