"""One transaction and one row-level-security context for every request."""

from collections.abc import Callable

from django.db import InterfaceError, OperationalError, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from psycopg_pool import PoolTimeout

from medichat import pages
from medichat.api.addresses import is_api
from medichat.db import encrypted_files
from medichat.db.context import acting
from medichat.refusals import ConflictError, SignInRequiredError
from medichat.responses import BetweenTransactions, LateResponse

DATABASE_LOST = (OperationalError, InterfaceError, PoolTimeout)


class DatabaseContextMiddleware:
    """Runs the request in a transaction without any rights; signing in (``accounts.middleware``) gives it some.

    An exception in a view or an answer of 500 and above rolls everything back. Django turns exceptions into answers
    before an outer middleware sees them, so views' exceptions are noticed in ``process_exception``. Streamed answers
    are produced after the transaction and must open their own context.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request within its transaction; a lost database is answered with 503."""
        try:
            response = self._in_transaction(request)
            wanted: BetweenTransactions | None = getattr(request, "between", None)
            if wanted is not None:
                wanted.act()
                request.failed = False  # type: ignore[attr-defined]  # our own mark on the request
                response = self._in_transaction(request)
        except DATABASE_LOST:
            return pages.unavailable(request)
        if isinstance(response, LateResponse):
            response.produce()
        return response

    def _in_transaction(self, request: HttpRequest) -> HttpResponse:
        # What an upload stored on the disk goes when the transaction does, so pending() is around it.
        with encrypted_files.pending(), transaction.atomic(), acting(role=""):
            response = self.get_response(request)
            if isinstance(response, HttpResponseNotAllowed) and not is_api(request):
                response = pages.not_allowed(request, response)
            if response.status_code >= 500 or getattr(request, "failed", False):
                transaction.set_rollback(True)
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Nothing of a request that raised is kept; conflicts and a lost database have answers of their own."""
        if isinstance(exception, SignInRequiredError):
            # Asked before anything was done: there is nothing to take back, and the page may keep what was typed.
            return pages.signed_out(request)
        request.failed = True  # type: ignore[attr-defined]  # our own mark on the request
        if isinstance(exception, BetweenTransactions) and not hasattr(request, "between"):
            request.between = exception  # type: ignore[attr-defined]  # our own mark on the request
            return HttpResponse(status=503)  # never sent: the request is answered anew
        if isinstance(exception, ConflictError):
            return pages.conflict(request, str(exception))
        if isinstance(exception, DATABASE_LOST):
            return pages.unavailable(request)
        return None
