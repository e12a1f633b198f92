"""Whether the process answers (/health) and whether it can serve (/ready), before anything else looks at the request.

They need no sign-in, no known host name and no database context, and say nothing that helps an attacker.
"""

from collections.abc import Callable
from datetime import UTC, datetime

from django.core.exceptions import ImproperlyConfigured
from django.db import Error
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse

from medichat.db.start import refuse_missing_migrations, unpooled


class HealthMiddleware:
    """Answers the two addresses; stands first, so that a broken database cannot keep /health from answering."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.migrated = False

    def __call__(self, request: HttpRequest) -> HttpResponse:
        answer = {"/health": self.health, "/ready": self.ready}.get(request.path_info.rstrip("/"))
        if answer is None:
            return self.get_response(request)
        if request.method not in {"GET", "HEAD"}:
            return HttpResponseNotAllowed(["GET", "HEAD"])
        response = answer()
        response["Cache-Control"] = "no-store"
        response["Content-Length"] = str(len(response.content))
        return response

    def health(self) -> HttpResponse:
        """The process lives. The keys are those that existing monitors read."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return JsonResponse({"status": "success", "message": "MediChat is running", "timestamp": now})

    def ready(self) -> HttpResponse:
        """The database answers and its migrations are applied; 503 otherwise."""
        direct = unpooled()
        try:
            with direct.cursor() as cursor:
                cursor.execute("SELECT 1")
            if not self.migrated:
                refuse_missing_migrations(direct)
                self.migrated = True  # nobody takes migrations back while the process serves
        except (Error, ImproperlyConfigured):
            return JsonResponse({"status": "unavailable"}, status=503)
        finally:
            direct.close()
        return JsonResponse({"status": "ready"})
