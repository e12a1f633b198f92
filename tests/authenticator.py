"""An authenticator app as people have one: it shows the code of a secret at a time."""

import base64
from datetime import datetime, timedelta

import pytest
from django.utils import timezone
from django_otp.oath import TOTP

STEP = timedelta(seconds=30)


def code_at(secret: str, moment: datetime) -> str:
    """What an app with this secret (base 32) shows at that moment."""
    totp = TOTP(base64.b32decode(secret))
    totp.time = moment.timestamp()
    return f"{totp.token():06}"


class Clock:
    """The time of the second factor: it stands still, in the middle of a time step, until it is moved."""

    def __init__(self, begins: datetime) -> None:
        self.moment = begins - timedelta(seconds=begins.timestamp() % 30 - 15)

    def now(self) -> datetime:
        """Instead of ``django.utils.timezone.now``."""
        return self.moment

    def move(self, by: timedelta) -> None:
        """Let time pass."""
        self.moment += by

    def code(self, secret: str, *, steps: int = 0) -> str:
        """What an app shows now, or so many steps of 30 seconds later."""
        return code_at(secret, self.moment + steps * STEP)

    def wrong_code(self, secret: str) -> str:
        """A code that is not right now, nor just before or after."""
        right = {self.code(secret, steps=steps) for steps in (-1, 0, 1)}
        return next(code for code in ("000000", "111111", "222222", "333333") if code not in right)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Holds the clock of the second factor."""
    held = Clock(timezone.now())
    monkeypatch.setattr("accounts.second_factor.timezone", held)
    return held
