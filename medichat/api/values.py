"""The forms in which values appear in answers: what existing clients parse."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from rest_framework import serializers


def timestamp(moment: datetime) -> str:
    """ISO 8601 in UTC with milliseconds and ``Z``."""
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"


def timestamp_or_none(moment: datetime | None) -> str | None:
    """As ``timestamp``; an unknown time is null."""
    return timestamp(moment) if moment else None


def day(value: date | None) -> str | None:
    """A date is sent as midnight UTC of that day; an unknown one is null."""
    return f"{value.isoformat()}T00:00:00.000Z" if value else None


def decimal(value: Decimal | None) -> str | None:
    """A measure as text, without trailing zeros: ``"178"``."""
    if value is None:
        return None
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


class DayField(serializers.DateField):
    """A date as ``YYYY-MM-DD``, or as the timestamp in which answers carry it; nothing typed is no date."""

    default_error_messages = {"invalid": "Enter a date like 1990-06-15."}

    def run_validation(self, data: Any = serializers.empty) -> Any:
        """An empty text is null."""
        return super().run_validation(None if isinstance(data, str) and not data.strip() else data)

    def to_internal_value(self, value: Any) -> date:
        """The day; of a timestamp the day in UTC."""
        if isinstance(value, str) and "T" in value:
            try:
                moment = datetime.fromisoformat(value.strip())
            except ValueError:
                self.fail("invalid")
            return moment.astimezone(UTC).date() if moment.tzinfo else moment.date()
        return super().to_internal_value(value.strip() if isinstance(value, str) else value)
