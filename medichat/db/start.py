"""What must be true of the database before pages are served; each refusal says what is wrong and what to do."""

import logging

from django.core.exceptions import ImproperlyConfigured
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor
from django.db.utils import OperationalError

from medichat.db.roles import APPLICATION_LIMITS

logger = logging.getLogger(__name__)

# Asked about the role of the connection and about what it could become: powers of roles it is a member of count too.
POWERS = """
SELECT r.rolname, r.rolsuper, r.rolbypassrls, r.rolcreaterole,
       (SELECT m.rolname FROM pg_roles m
        WHERE (m.rolsuper OR m.rolbypassrls OR m.rolcreaterole) AND pg_has_role(r.oid, m.oid, 'MEMBER')
        ORDER BY m.rolname LIMIT 1),
       (SELECT pg_get_userbyid(c.relowner) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND pg_has_role(r.oid, c.relowner, 'MEMBER')
        ORDER BY c.relname LIMIT 1),
       (SELECT pg_get_userbyid(d.datdba) FROM pg_database d
        WHERE d.datname = current_database() AND pg_has_role(r.oid, d.datdba, 'MEMBER'))
FROM pg_roles r WHERE r.rolname IN (session_user, current_user)
"""
REMEDY = "Put the URL of the application role into DATABASE_URL; 'manage.py setup_database' makes that role."


def refuse_unfit_database(alias: str = DEFAULT_DB_ALIAS) -> None:
    """Raise ImproperlyConfigured unless the policies apply to the role of this alias and no migration is missing."""
    direct = unpooled(alias)
    try:
        refuse_powerful_role(direct)
        refuse_missing_migrations(direct)
        warn_without_limits(direct)
    except OperationalError as error:
        raise ImproperlyConfigured(
            "The database was not reached. Without DATABASE_URL it is the embedded server, which 'make run' (or "
            f"'manage.py serve') starts; otherwise check DATABASE_URL. The connection said: {error}"
        ) from error
    finally:
        direct.close()


def warn_without_limits(connection: BaseDatabaseWrapper) -> None:
    """Log a warning when the role waits for ever: one slow statement could then hold up the whole clinic."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(f'current_setting({name!r})' for name in APPLICATION_LIMITS)}")
        limits = dict(zip(APPLICATION_LIMITS, cursor.fetchone(), strict=True))
    endless = [name for name, value in limits.items() if value == "0"]
    if endless:
        logger.warning(
            "The application role has no %s. 'manage.py setup_database' sets the limits (or ALTER ROLE ... SET ...).",
            ", ".join(endless),
        )


def unpooled(alias: str = DEFAULT_DB_ALIAS) -> BaseDatabaseWrapper:
    """A connection of its own to the alias's database: fails at once and says why, where a pool waits and retries."""
    connection = connections[alias]
    options = {name: value for name, value in connection.settings_dict["OPTIONS"].items() if name != "pool"}
    return type(connection)({**connection.settings_dict, "OPTIONS": options}, alias=connection.alias)


def refuse_powerful_role(connection: BaseDatabaseWrapper) -> None:
    """Raise ImproperlyConfigured when row-level security would not hold for the role, or the role could end it."""
    with connection.cursor() as cursor:
        cursor.execute(POWERS)
        rows = cursor.fetchall()
    for role, superuser, bypasses, makes_roles, powerful_group, table_owner, database_owner in rows:
        fault = (
            (superuser and "is a superuser")
            or (bypasses and "has BYPASSRLS")
            or (makes_roles and "has CREATEROLE and could make itself the owner")
            or (powerful_group and f"is a member of the powerful role {powerful_group}")
            or (table_owner == role and "owns the tables")
            or (table_owner and f"is a member of {table_owner}, which owns the tables")
            or (database_owner == role and "owns the database")
            or (database_owner and f"is a member of {database_owner}, which owns the database")
        )
        if fault:
            raise ImproperlyConfigured(
                f"MediChat does not serve pages as the database role {role}: it {fault}, so that the rules about who "
                f"may see which patient would not hold. {REMEDY}"
            )


def missing_migrations(connection: BaseDatabaseWrapper) -> list[str]:
    """The migrations that this code has and the database has not, as ``app.name``."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _backwards in plan]


def refuse_missing_migrations(connection: BaseDatabaseWrapper) -> None:
    """Raise ImproperlyConfigured when the tables are not those of this version."""
    missing = missing_migrations(connection)
    if missing:
        raise ImproperlyConfigured(
            f"The database lacks {len(missing)} migration(s), the first is {missing[0]}. Run 'manage.py migrate' with "
            "DATABASE_OWNER_URL set to the owner's URL."
        )
