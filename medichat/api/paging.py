"""Lists have a ceiling. Existing clients never ask for a second page and do not notice; others use page and limit."""

from dataclasses import dataclass
from typing import Any, TypedDict

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request

from medichat.api.shapes import Count

MOST_PAGES = 100_000


class PaginationBody(TypedDict):
    """Which part of the whole list this is."""

    currentPage: Count
    totalPages: Count
    total: Count
    perPage: Count


class Paging(serializers.Serializer[Any]):
    """Which page, of how many rows; an endpoint that uses ``part_of`` declares it with ``@asks(Paging)``."""

    page = serializers.IntegerField(min_value=1, max_value=MOST_PAGES, required=False, help_text="Which page, from 1.")
    limit = serializers.IntegerField(
        min_value=1,
        max_value=1_000_000,
        required=False,
        help_text="Rows on a page; more than the ceiling are not given.",
    )


@dataclass(frozen=True)
class Part:
    """The rows of a page and its place in the whole."""

    rows: list[Any]
    page: int
    limit: int
    total: int

    @property
    def pagination(self) -> PaginationBody:
        """As it stands in the answer."""
        pages = max(1, -(-self.total // self.limit))
        return PaginationBody(currentPage=self.page, totalPages=pages, total=self.total, perPage=self.limit)


def part_of(request: Request, rows: QuerySet[Any], *, usual: int, most: int | None = None) -> Part:
    """The page that the query parameters ``page`` and ``limit`` name: the first of ``usual`` rows without them.

    More than ``most`` rows (``usual`` unless given) are never given at once. Raises ValidationError for a page or limit
    that is no number from 1.
    """
    wanted = Paging(data={name: text for name, text in request.query_params.items() if text})
    wanted.is_valid(raise_exception=True)
    page = wanted.validated_data.get("page", 1)
    limit = min(wanted.validated_data.get("limit", usual), most or usual)
    start = (page - 1) * limit
    found = list(rows[start : start + limit + 1])
    # Counting is only needed where the end is not in sight.
    in_sight = len(found) <= limit and (found or page == 1)
    total = start + len(found) if in_sight else rows.count()
    return Part(found[:limit], page, limit, total)
