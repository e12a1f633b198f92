"""Pages by key: rows that arrive meanwhile shift nothing, and the last page is as fast as the first."""

import base64
import binascii
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import BadRequest, ValidationError
from django.db.models import Q, QuerySet
from django.http import HttpRequest

PAGE_SIZE = 25


@dataclass(frozen=True)
class Page:
    """The rows of a page and the addresses of its neighbours (None where there is none)."""

    rows: list[Any]
    next_url: str | None
    previous_url: str | None


def page_of(request: HttpRequest, queryset: QuerySet[Any], *keys: str, size: int = PAGE_SIZE) -> Page:
    """One page of the rows in the order of ``keys`` (``-`` for descending; the last one must be unique, none NULL).

    The place is read from the query parameters ``after`` and ``before``. Raises BadRequest for
    a place that no page gave.
    """
    after, before = request.GET.get("after"), request.GET.get("before")
    backwards = before is not None and after is None
    order = [_reverse(key) for key in keys] if backwards else list(keys)
    place = before if backwards else after
    if place:
        values = _decode(place, len(keys))
        try:
            queryset = queryset.filter(_beyond(order, values))
        except (ValueError, TypeError, OverflowError, ValidationError):
            raise BadRequest("This page address is damaged.") from None
    rows = list(queryset.order_by(*order)[: size + 1])
    more = len(rows) > size
    rows = rows[:size]
    if backwards:
        rows.reverse()
    has_next, has_previous = (bool(place), more) if backwards else (more, bool(place))
    return Page(
        rows=rows,
        next_url=_url(request, "after", _encode(rows[-1], keys)) if rows and has_next else None,
        previous_url=_url(request, "before", _encode(rows[0], keys)) if rows and has_previous else None,
    )


def _reverse(key: str) -> str:
    return key.removeprefix("-") if key.startswith("-") else f"-{key}"


def _beyond(order: Sequence[str], values: Sequence[Any]) -> Q:
    """Rows after the place: (a > x) or (a = x and b > y) or ..."""
    condition, equal = Q(), Q()
    for key, value in zip(order, values, strict=True):
        name = key.removeprefix("-")
        condition |= equal & Q(**{f"{name}__{'lt' if key.startswith('-') else 'gt'}": value})
        equal &= Q(**{name: value})
    return condition


def _encode(row: Any, keys: Sequence[str]) -> str:
    values = []
    for key in keys:
        value: Any = row
        for part in key.removeprefix("-").split("__"):
            value = getattr(value, part)
        kind = "t" if isinstance(value, datetime) else "u" if isinstance(value, uuid.UUID) else ""
        values.append([kind, value.isoformat() if kind == "t" else str(value) if kind == "u" else value])
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


def _decode(place: str, count: int) -> list[Any]:
    try:
        values = json.loads(base64.urlsafe_b64decode(place + "=" * (-len(place) % 4)))
        decoded = [
            datetime.fromisoformat(value) if kind == "t" else uuid.UUID(value) if kind == "u" else value
            for kind, value in values
        ]
    except (ValueError, TypeError, AttributeError, binascii.Error):
        raise BadRequest("This page address is damaged.") from None
    if len(decoded) != count or any(isinstance(value, list | dict) or value is None for value in decoded):
        raise BadRequest("This page address is damaged.")
    if any(isinstance(value, str) and "\0" in value for value in decoded):
        raise BadRequest("This page address is damaged.")
    return decoded


def _url(request: HttpRequest, name: str, place: str) -> str:
    query = request.GET.copy()
    query.pop("after", None)
    query.pop("before", None)
    query[name] = place
    return f"?{query.urlencode()}"
