"""The two login roles and the database, made from one administrative connection.

Nothing here needs a superuser: an administrative role with CREATEROLE and CREATEDB, as managed services give it, is
enough. The same code serves the embedded server, ``manage.py setup_database`` and the tests.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg
from psycopg import sql

EXTENSIONS = ("pg_trgm", "unaccent", "btree_gist")  # trusted: the database's owner may create them

# Kept in the roles, not in the connection: a pooler in transaction mode neither loses nor refuses them.
# Nothing that a page does may take longer; a command that needs more says SET LOCAL for itself.
APPLICATION_LIMITS = {
    "statement_timeout": "15s",
    "lock_timeout": "5s",
    "idle_in_transaction_session_timeout": "60s",
}
OWNER_LIMITS = {"statement_timeout": "0", "lock_timeout": "30s", "idle_in_transaction_session_timeout": "10min"}


class SetupError(Exception):
    """The roles or the database could not be made; the message says why and what to do."""


@dataclass(frozen=True)
class Names:
    """What the database and its two roles are called."""

    database: str = "medichat"
    owner: str = "medichat_owner"
    application: str = "medichat_application"


DEFAULT_NAMES = Names()


@dataclass(frozen=True)
class Made:
    """The connection URL of each role whose password was set now; None where the role was there already."""

    owner_url: str | None
    application_url: str | None


def set_up(
    admin_url: str,
    names: Names = DEFAULT_NAMES,
    *,
    owner_password: str | None = None,
    application_password: str | None = None,
    new_passwords: bool = False,
) -> Made:
    """Make roles, database, extensions and privileges as far as they are missing; running it again changes nothing.

    A role that is made gets the password given, else a generated one. A role that exists keeps its own unless
    ``new_passwords``. Raises SetupError when the administrative role may not do something, or when an existing role
    or database would not be safe.
    """
    if len({names.owner, names.application}) != 2:
        raise SetupError("The owner and the application role must be two different roles.")
    with _explained(), psycopg.connect(admin_url, autocommit=True, connect_timeout=10) as admin:
        made = []
        for role, password in ((names.owner, owner_password), (names.application, application_password)):
            chosen = password or secrets.token_urlsafe(24)
            set_now = _ensure_role(admin, role, chosen, new_password=new_passwords)
            made.append(url_for(admin_url, names.database, role, chosen) if set_now else None)
        _refuse_powerful(admin, names)
        for role, limits in ((names.owner, OWNER_LIMITS), (names.application, APPLICATION_LIMITS)):
            _ensure_limits(admin, role, limits)
        with acting_as_owner(admin, names.owner):
            _ensure_database(admin, names)
            with psycopg.connect(url_for(admin_url, names.database), autocommit=True, connect_timeout=10) as inside:
                inside.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(names.owner)))
                _prepare_database(inside, names)
    return Made(owner_url=made[0], application_url=made[1])


def url_for(admin_url: str, database: str, role: str | None = None, password: str | None = None) -> str:
    """The administrative URL with another database and, when given, another role."""
    parts = urlsplit(admin_url)
    netloc = parts.netloc
    if role is not None:
        netloc = f"{quote(role, safe='')}:{quote(password or '', safe='')}@{parts.netloc.rpartition('@')[2]}"
    return urlunsplit(parts._replace(netloc=netloc, path=f"/{quote(database, safe='')}"))


@contextmanager
def _explained() -> Iterator[None]:
    """Turn what the server refuses into a sentence for the operator."""
    try:
        yield
    except psycopg.errors.InsufficientPrivilege as error:
        raise SetupError(
            f"The administrative role may not do this: {error.diag.message_primary}. It needs CREATEROLE and CREATEDB, "
            "and must have made the two roles itself when they exist already (or be allowed to grant them)."
        ) from error
    except psycopg.errors.FeatureNotSupported as error:
        raise SetupError(
            f"The server lacks something: {error.diag.message_primary}. MediChat needs PostgreSQL 15 or newer with the "
            f"extensions {', '.join(EXTENSIONS)} (on Debian they are part of the server's package)."
        ) from error
    except psycopg.OperationalError as error:
        raise SetupError(f"The server was not reached as the administrative role: {error}".strip()) from error


def _ensure_role(admin: psycopg.Connection, role: str, password: str, *, new_password: bool) -> bool:
    """Make the login role; returns whether the password was set."""
    exists = admin.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone()
    if exists and not new_password:
        return False
    # Only the verifier travels, so that the password is in no log of the server.
    verifier = admin.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()
    command = "ALTER ROLE {} LOGIN PASSWORD {}" if exists else "CREATE ROLE {} LOGIN PASSWORD {}"
    admin.execute(sql.SQL(command).format(sql.Identifier(role), sql.Literal(verifier)))
    return True


def _refuse_powerful(admin: psycopg.Connection, names: Names) -> None:
    """An existing role that is more than a plain login role would make the policies meaningless."""
    powers = admin.execute(
        "SELECT rolname FROM pg_roles WHERE rolname = ANY(%s)"
        " AND (rolsuper OR rolbypassrls OR rolcreaterole OR rolreplication)",
        [[names.owner, names.application]],
    ).fetchall()
    if powers:
        raise SetupError(
            f"The role {powers[0][0]} exists and has SUPERUSER, BYPASSRLS, CREATEROLE or REPLICATION. Take that away "
            "(ALTER ROLE ...) or choose another name."
        )
    member = admin.execute("SELECT pg_has_role(%s, %s, 'MEMBER')", [names.application, names.owner]).fetchone()
    if member and member[0]:
        raise SetupError(
            f"The role {names.application} is a member of {names.owner} and could change every rule: "
            f"REVOKE {names.owner} FROM {names.application};"
        )


def _ensure_limits(admin: psycopg.Connection, role: str, limits: dict[str, str]) -> None:
    """Give a role its time limits; what an operator changed by hand since stays."""
    row = admin.execute("SELECT coalesce(rolconfig, '{}') FROM pg_roles WHERE rolname = %s", [role]).fetchone()
    present = {entry.partition("=")[0] for entry in row[0]} if row else set()
    for name, value in limits.items():
        if name not in present:
            admin.execute(
                sql.SQL("ALTER ROLE {} SET {} = {}").format(
                    sql.Identifier(role), sql.Identifier(name), sql.Literal(value)
                )
            )


@contextmanager
def acting_as_owner(admin: psycopg.Connection, owner: str) -> Iterator[None]:
    """Let the administrative role act as the owner for a moment; a superuser can anyway."""
    # Acting as it needs SET (PostgreSQL 16 and newer), connecting to its database needs its privileges inherited.
    row = admin.execute(
        "SELECT rolsuper OR pg_has_role(current_user, %(owner)s, 'USAGE') AND pg_has_role(current_user, %(owner)s,"
        " CASE WHEN current_setting('server_version_num')::int < 160000 THEN 'MEMBER' ELSE 'SET' END)"
        " FROM pg_roles WHERE rolname = current_user",
        {"owner": owner},
    ).fetchone()
    if row and row[0]:
        yield
        return
    admin.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(sql.Identifier(owner)))
    try:
        yield
    finally:
        admin.execute(sql.SQL("REVOKE {} FROM CURRENT_USER").format(sql.Identifier(owner)))


def _ensure_database(admin: psycopg.Connection, names: Names) -> None:
    row = admin.execute(
        "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = %s", [names.database]
    ).fetchone()
    if row is None:
        create_database(admin, names, template="template0")
    elif row[0] != names.owner:
        raise SetupError(
            f"The database {names.database} exists and belongs to {row[0]}, not to {names.owner}. Choose another name "
            f"with --database, or hand it over: ALTER DATABASE {names.database} OWNER TO {names.owner};"
        )
    else:
        restrict_database(admin, names)


def create_database(
    admin: psycopg.Connection, names: Names, *, template: str, strategy: Literal["wal_log", "file_copy"] = "wal_log"
) -> None:
    """Make the owner's database from a template and keep everybody but the two roles out.

    ``strategy`` is PostgreSQL's: how the template's pages are copied. ``file_copy`` takes a third of the time where
    nothing has to survive a power cut, and is slow elsewhere, because it waits for two checkpoints.
    """
    admin.execute(
        sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {} ENCODING 'UTF8' STRATEGY {}").format(
            sql.Identifier(names.database),
            sql.Identifier(names.owner),
            sql.Identifier(template),
            sql.Identifier(strategy),
        )
    )
    restrict_database(admin, names)


def restrict_database(admin: psycopg.Connection, names: Names) -> None:
    """Only the two roles may connect. Done as the owner: the privileges are the owner's to give."""
    with admin.transaction():
        admin.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(names.owner)))
        admin.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(names.database)))
        admin.execute(
            sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(
                sql.Identifier(names.database), sql.Identifier(names.application)
            )
        )


def _prepare_database(inside: psycopg.Connection, names: Names) -> None:
    """Extensions, schema and default privileges, as the owner."""
    application = sql.Identifier(names.application)
    present = {name for (name,) in inside.execute("SELECT extname FROM pg_extension")}
    for extension in EXTENSIONS:
        if extension not in present:
            inside.execute(sql.SQL("CREATE EXTENSION {}").format(sql.Identifier(extension)))
    for statement in (
        "REVOKE ALL ON SCHEMA public FROM PUBLIC",
        "GRANT USAGE ON SCHEMA public TO {}",
        # What migrations make later. A table may take privileges back (the activity log does); nothing here is
        # granted on tables that exist, so running this again never gives them out a second time.
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {}",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO {}",
        "ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT EXECUTE ON FUNCTIONS TO {}",
    ):
        inside.execute(sql.SQL(statement).format(application))
