"""What the schema says of a value beyond its Python type: ``Annotated[str, ...]`` stays a ``str`` for everybody else.

The types of answers are written once, as ``TypedDict``s beside the functions that make them; ``medichat.api.schema``
reads them.
"""

from typing import Annotated, Any

from django.db.models import Choices


class Shape:
    """Members of JSON Schema that a value has beside its type."""

    def __init__(self, **members: Any) -> None:
        self.members = members


class OneOf(Shape):
    """One of these choices; ``more`` are words that stand for what the previous system did not know."""

    def __init__(self, choices: type[Choices], *more: str) -> None:
        super().__init__(enum=list(dict.fromkeys([*choices.values, *more])))


Id = Annotated[str, Shape(format="uuid", examples=["0199a4d2-6c1e-7b44-9f0a-3c5d7e9b1a20"])]
Timestamp = Annotated[
    str,
    Shape(
        format="date-time",
        pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$",
        description="ISO 8601 in UTC with milliseconds and Z.",
        examples=["2026-01-31T10:15:00.000Z"],
    ),
]
Day = Annotated[
    str,
    Shape(
        format="date-time",
        pattern=r"^\d{4}-\d\d-\d\dT00:00:00\.000Z$",
        description="A date, as midnight UTC of that day.",
        examples=["1990-06-15T00:00:00.000Z"],
    ),
]
PlainDay = Annotated[str, Shape(format="date", examples=["2026-01-31"])]
Measure = Annotated[
    str,
    Shape(pattern=r"^-?\d+(\.\d+)?$", description="A measure as text, without trailing zeros.", examples=["178"]),
]
Html = Annotated[str, Shape(description="HTML that is safe to show.", examples=["<p>Rest and drink enough.</p>"])]
Count = Annotated[int, Shape(minimum=0, examples=[3])]
Seconds = Annotated[int, Shape(minimum=1, examples=[3600])]
