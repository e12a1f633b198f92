"""How the tests talk to the API."""

from typing import Any

from django.test import Client


def sent(client: Client, method: str, path: str, body: Any = None) -> Any:
    """Send JSON (nothing when ``body`` is None) to the path below ``/api``."""
    call = getattr(client, method.lower())
    if body is None:
        return call(f"/api{path}")
    return call(f"/api{path}", body, content_type="application/json")


def posted(client: Client, path: str, body: Any = None) -> Any:
    """POST JSON."""
    return sent(client, "POST", path, {} if body is None else body)


def is_error(response: Any, status: int) -> bool:
    """Whether the answer is the error body that existing clients read, with this status."""
    body = response.json()
    assert response.status_code == status, response.content
    assert response.headers["Content-Type"] == "application/json"
    assert body["status"] == ("fail" if status < 500 else "error")
    assert isinstance(body["error"], str)
    assert body["error"] == body["message"] != ""
    assert body["requestId"] == response.headers["X-Request-ID"]
    return True
