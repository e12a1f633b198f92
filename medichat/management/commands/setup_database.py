"""Make the two roles and the database on a server of the operator's own."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from medichat.db.roles import DEFAULT_NAMES, Names, SetupError, set_up


class Command(BaseCommand):
    """``manage.py setup_database postgresql://admin:password@host/postgres``"""

    help = (
        "Makes the owner and the application role, the database and its extensions on a PostgreSQL server, and prints "
        "the two connection URLs with the passwords it generated. Needs a role with CREATEROLE and CREATEDB, no "
        "superuser. Running it again changes nothing that is there."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """The administrative URL and the names."""
        parser.add_argument("admin_url", help="postgresql://admin:password@host:5432/postgres")
        parser.add_argument("--database", default=DEFAULT_NAMES.database)
        parser.add_argument("--owner-role", default=DEFAULT_NAMES.owner)
        parser.add_argument("--application-role", default=DEFAULT_NAMES.application)
        parser.add_argument("--new-passwords", action="store_true", help="also for roles that are there already")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Make what is missing and say what to put into the environment."""
        names = Names(options["database"], options["owner_role"], options["application_role"])
        if not options["admin_url"].startswith(("postgresql://", "postgres://")):
            raise CommandError("The administrative URL must look like postgresql://admin:password@host:5432/postgres.")
        try:
            made = set_up(options["admin_url"], names, new_passwords=options["new_passwords"])
        except SetupError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"The database {names.database} is ready for its tables.")
        for variable, role, url in (
            ("DATABASE_OWNER_URL", names.owner, made.owner_url),
            ("DATABASE_URL", names.application, made.application_url),
        ):
            if url:
                self.stdout.write(f"{variable}={url}")
            else:
                self.stdout.write(f"{variable}: the role {role} was there and keeps its password (--new-passwords).")
        if made.owner_url or made.application_url:
            self.stdout.write("Keep these URLs in a safe place: the passwords are not shown again.")
        self.stdout.write(
            "Next: 'manage.py migrate' with both set. The web process needs DATABASE_URL only; keep the owner's URL "
            "away from it."
        )
