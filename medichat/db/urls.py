"""PostgreSQL connection URLs as Django settings."""

from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

# Nothing that a page does may take longer; long work (imports, benchmarks) raises the limit for itself.
STATEMENT_TIMEOUT = "15s"
LOCK_TIMEOUT = "5s"
IDLE_IN_TRANSACTION_TIMEOUT = "60s"


def database_from_url(url: str, *, pool_size: int) -> dict[str, Any]:
    """Turn ``postgresql://user:password@host:port/name?sslmode=require`` into an entry of DATABASES.

    A socket directory is given as the query parameter ``host``. ``pool_size`` 0 means no pool. Server-side binding
    keeps parameters, which are patient data, out of the server's statement log. Raises ImproperlyConfigured for
    anything that is no PostgreSQL URL, without repeating the URL (it holds a password).
    """
    parts = urlsplit(url)
    if parts.scheme not in {"postgresql", "postgres"} or not parts.path.strip("/"):
        raise ImproperlyConfigured(
            "DATABASE_URL and DATABASE_OWNER_URL must look like postgresql://role:password@host:5432/database."
        )
    query = dict(parse_qsl(parts.query))
    options: dict[str, Any] = {
        "server_side_binding": True,
        "connect_timeout": 5,
        "application_name": "medichat",
        # Sent at connection time, so that a pooler in transaction mode never loses them between statements.
        "options": (
            f"-c statement_timeout={STATEMENT_TIMEOUT} -c lock_timeout={LOCK_TIMEOUT} "
            f"-c idle_in_transaction_session_timeout={IDLE_IN_TRANSACTION_TIMEOUT}"
        ),
    }
    host = query.pop("host", "") or parts.hostname or ""
    port = query.pop("port", "") or str(parts.port or "")
    options |= query
    if pool_size:
        options["pool"] = {"min_size": 1, "max_size": pool_size, "timeout": 10}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.strip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(host),
        "PORT": port,
        "OPTIONS": options,
        "CONN_HEALTH_CHECKS": not pool_size,
    }
