"""Which form a body has."""

from collections.abc import Iterable, Mapping
from typing import IO, Any

from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser, JSONParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request


class AlwaysJson(BaseContentNegotiation):
    """Answers are JSON whatever a client accepts: scripts of the previous system ask for anything and expect it."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser | None:
        """The parser for what was sent, by its content type."""
        kind = (request.content_type or "").partition(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == kind), None)

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """The first, which is JSON."""
        renderer = next(iter(renderers))
        return renderer, renderer.media_type or ""


class Utf8JsonParser(JSONParser):
    """JSON is UTF-8 (RFC 8259, section 8.1), whatever charset a client names.

    Otherwise the address that the throttle counts (``accounts.api.throttling``) would not be the one that is tried, and
    a charset that is a compression would unfold without a limit.
    """

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """What was sent. Raises ParseError."""
        return super().parse(stream, media_type, {**(parser_context or {}), "encoding": "utf-8"})
