"""Answers whose content is made after the request's transaction."""

from collections.abc import Callable
from typing import Any

from django.http import HttpResponse


class LateResponse(HttpResponse):
    """An answer whose body takes long and needs no database, such as a PDF.

    ``medichat.middleware.DatabaseContextMiddleware`` calls ``produce`` when the transaction has ended, so that no
    connection waits for the rendering. What ``make`` raises is answered like any other failure.
    """

    def __init__(self, make: Callable[[], bytes], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._make = make

    def produce(self) -> None:
        """Make the body now."""
        self.content = self._make()
        self["Content-Length"] = str(len(self.content))


class BetweenTransactions(Exception):  # noqa: N818  # what happens next, not a mistake
    """Raised where a request cannot go on before something slow has happened outside of its transaction.

    The transaction is rolled back, ``act`` is called without one, and the request is answered anew from its beginning;
    what was found out has to be kept where that second time finds it (an uploaded file is the same object). Each
    request may ask for this once.
    """

    def __init__(self, act: Callable[[], object]) -> None:
        super().__init__("Something has to happen between transactions.")
        self.act = act
