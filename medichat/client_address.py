"""The network address of whoever sent a request."""

import ipaddress

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str | None:
    """The client's IP address, or None when it is unknown (a Unix socket).

    Behind proxies, ``settings.TRUSTED_PROXIES`` says how many of them are ours: each of ours appended one address to
    X-Forwarded-For, so the client is that many entries from the end. What stands further left is the client's own
    claim and is never believed.
    """
    address = request.META.get("REMOTE_ADDR", "")
    if settings.TRUSTED_PROXIES:
        forwarded = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",") if part.strip()]
        if len(forwarded) >= settings.TRUSTED_PROXIES:
            address = forwarded[-settings.TRUSTED_PROXIES]
    try:
        return str(ipaddress.ip_address(address))
    except ValueError:
        return None
