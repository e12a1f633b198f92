"""What every answer says to the browser, whichever part of the house it comes from.

Stands first among the middlewares, so that answers of monitors, static files, refusals and failures carry the same
headers as pages. A header that an answer has already is left: pages have a content policy of their own (django-csp).
"""

from collections.abc import Callable

from django.conf import settings
from django.contrib.messages.storage.cookie import CookieStorage
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_cache_control

from medichat.api.addresses import is_api
from medichat.api.errors import refusal

# Nothing may run or be loaded in what is no page: a file, a picture, an answer of the API.
NO_PAGE = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"
# None of the browser's abilities is needed here; a script that got in could not use them either.
PERMISSIONS = ", ".join(
    f"{ability}=()"
    for ability in (
        "accelerometer", "autoplay", "browsing-topics", "camera", "display-capture", "fullscreen",
        "geolocation", "gyroscope", "hid", "idle-detection", "local-fonts", "magnetometer", "microphone", "midi",
        "payment", "publickey-credentials-get", "screen-wake-lock", "serial", "usb", "xr-spatial-tracking",
    )
)  # fmt: skip


class SurfaceMiddleware:
    """Adds to every answer what it lacks: content policy, no sniffing, no framing, no caching, same origin only."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer and complete the headers."""
        response = self.get_response(request)
        headers = response.headers
        headers.setdefault("Content-Security-Policy", NO_PAGE)
        headers.setdefault("X-Content-Type-Options", "nosniff")
        headers.setdefault("X-Frame-Options", settings.X_FRAME_OPTIONS)
        headers.setdefault("Referrer-Policy", settings.SECURE_REFERRER_POLICY)
        headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        headers.setdefault("Permissions-Policy", PERMISSIONS)
        if settings.SECURE_HSTS_SECONDS and request.is_secure():
            headers.setdefault(
                "Strict-Transport-Security", f"max-age={settings.SECURE_HSTS_SECONDS}; includeSubDomains; preload"
            )
        if "Cache-Control" not in headers:
            # Static files say how long they keep; everything else may be about somebody.
            patch_cache_control(response, private=True, no_store=True)
        return response


class ApiOverTlsMiddleware:
    """Where pages redirect to https, a call of the API without it is refused.

    A client that is redirected goes on sending its token in the clear, and nobody notices.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Refuse before anything looks at the token."""
        if settings.SECURE_SSL_REDIRECT and is_api(request) and not request.is_secure():
            return refusal(request, 403, "The API is reached over https only. Do not send a token without it.")
        return self.get_response(request)


class HostCookieStorage(CookieStorage):
    """Messages to the reader, in a cookie that is bound to this host wherever there is TLS."""

    cookie_name = settings.MESSAGE_COOKIE_NAME
