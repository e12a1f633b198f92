"""Django's changepassword, as the system: without a context row-level security shows it no account."""

from typing import Any

from django.contrib.auth.management.commands import changepassword

from medichat.db.context import system


class Command(changepassword.Command):
    """See Django's command."""

    def handle(self, *args: Any, **options: Any) -> str | None:
        """Run it as the system."""
        with system():
            result: str | None = super().handle(*args, **options)
        return result
