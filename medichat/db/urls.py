"""PostgreSQL connection URLs as Django settings."""

from typing import Any

import psycopg
from django.core.exceptions import ImproperlyConfigured
from psycopg.conninfo import conninfo_to_dict


def database_from_url(url: str, *, pool_size: int, keep_plans: bool = False) -> dict[str, Any]:
    """Turn ``postgresql://role:password@host:5432/database?sslmode=require`` into an entry of DATABASES.

    The URL is read by PostgreSQL's own library: a socket directory is given as the query parameter ``host``, every
    other connection parameter may follow. ``pool_size`` 0 means no pool. Server-side binding keeps parameters, which
    are patient data, out of the server's statement log. The time limits belong to the roles (medichat.db.roles), for a
    pooler in transaction mode refuses or forgets what is sent when connecting. With ``keep_plans`` a connection
    prepares the statements that it sends often: under row-level security planning one takes longer than running it.

    Raises ImproperlyConfigured for anything that is no PostgreSQL URL, without repeating the URL (it holds a password).
    """
    try:
        if not url.startswith(("postgresql://", "postgres://")):
            raise psycopg.ProgrammingError("not a URL")
        given: dict[str, Any] = conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        given = {}
    if not given.get("dbname"):
        raise ImproperlyConfigured(
            "DATABASE_URL and DATABASE_OWNER_URL must look like postgresql://role:password@host:5432/database "
            "(special characters in the password written as %40 and the like)."
        ) from None
    entry = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": given.pop("dbname"),
        "USER": given.pop("user", ""),
        "PASSWORD": given.pop("password", ""),
        "HOST": given.pop("host", ""),
        "PORT": given.pop("port", ""),
        # A pooled connection is looked at before use, so that a restarted server is noticed before a page fails.
        "CONN_HEALTH_CHECKS": True,
    }
    options: dict[str, Any] = {
        "server_side_binding": True,
        "connect_timeout": 5,
        "application_name": "medichat",
        "prepare_threshold": 5 if keep_plans else None,
        **given,
    }
    if pool_size:
        options["pool"] = {"min_size": 1, "max_size": pool_size, "timeout": 5}
    return {**entry, "OPTIONS": options}
