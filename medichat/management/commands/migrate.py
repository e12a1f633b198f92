"""Django's migrate, as the owner of the tables."""

from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import CommandError, CommandParser
from django.core.management.commands.migrate import Command as DjangoMigrate
from django.db import connections
from psycopg import sql

from medichat.db.policies import refuse_unprotected_tables
from medichat.db.triggers import keep_guards

OWNER = "owner"


class Command(DjangoMigrate):
    """Migrates on the alias ``owner`` and refuses to leave a table with patient data unprotected."""

    def add_arguments(self, parser: CommandParser) -> None:
        """As Django's, with another default database."""
        super().add_arguments(parser)
        parser.set_defaults(database=OWNER)

    def handle(self, *args: Any, **options: Any) -> None:
        """Migrate, then look whether every table that needs it has forced row-level security."""
        if options["database"] == OWNER and OWNER not in settings.DATABASES:
            raise CommandError(
                "Only the owner may change tables: set DATABASE_OWNER_URL to the owner's URL "
                "(postgresql://medichat_owner:...@host/medichat), as 'manage.py setup_database' printed it."
            )
        super().handle(*args, **options)
        if options["plan"] or options["check_unapplied"] or options["database"] != OWNER:
            return
        connection = connections[OWNER]
        with connection.cursor() as cursor:
            # The web process reads which migrations are applied; what is written there is the owner's word.
            cursor.execute(
                sql.SQL("REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM {}")
                .format(sql.Identifier(settings.DATABASES["default"]["USER"]))
                .as_string(cursor.connection)
            )
        keep_guards(connection)
        try:
            refuse_unprotected_tables(connection)
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from error
