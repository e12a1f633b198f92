"""Which web pages of other hosts may call the API from a browser (cross-origin resource sharing)."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers

from medichat.api.addresses import is_api

METHODS = "GET,POST,PUT,PATCH,DELETE,OPTIONS"
ALLOWED_HEADERS = "Content-Type,Authorization,Idempotency-Key,If-Match,If-None-Match,X-Background-Request"
EXPOSED_HEADERS = (
    "Retry-After,X-Request-ID,ETag,Link,Content-Disposition,Idempotency-Replayed,"
    "RateLimit-Policy,RateLimit-Limit,RateLimit-Remaining,RateLimit-Reset"
)
SECONDS_KEPT = "600"


class OriginMiddleware:
    """Answers a browser's question whether a page of another host may call, and says so on the call itself.

    Only ``settings.CORS_ALLOWED_ORIGINS`` may. Credentials are not allowed: the API takes tokens and no cookies.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """A preflight is answered with 200 and nothing in it, as the previous system did."""
        if not is_api(request):
            return self.get_response(request)
        if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
            response = HttpResponse()
        else:
            response = self.get_response(request)
        patch_vary_headers(response, ("Origin",))
        origin = request.headers.get("Origin", "")
        if origin in settings.CORS_ALLOWED_ORIGINS:
            response["Access-Control-Allow-Origin"] = origin
            response["Access-Control-Allow-Methods"] = METHODS
            response["Access-Control-Allow-Headers"] = ALLOWED_HEADERS
            response["Access-Control-Expose-Headers"] = EXPOSED_HEADERS
            response["Access-Control-Max-Age"] = SECONDS_KEPT
        return response
