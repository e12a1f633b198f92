"""The way out when the only administrator has lost the authenticator app and the backup codes."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.models import User, normalise_email
from accounts.recovery import recover
from accounts.second_factor import Loss, is_enrolled
from medichat.db.context import system


class Command(BaseCommand):
    """``manage.py clear_second_factor``: see the help text."""

    help = (
        "Take away the second factor of one account and end its sessions; it is set up again after the next password. "
        "For administrators whom no other administrator can help. Make sure who asks; the act is recorded."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whose, and why."""
        parser.add_argument("email", help="e-mail address of the account")
        parser.add_argument("reason", choices=Loss.values, help="; ".join(f"{loss.value}: {loss}" for loss in Loss))

    def handle(self, *args: Any, **options: Any) -> None:
        """Clear it, as the system."""
        with system():
            user = User.objects.filter(email=normalise_email(options["email"])).first()
            if user is None or not is_enrolled(user):
                raise CommandError("There is no account with this address that has a second factor.")
            recover(user, by=None, reason=options["reason"])
        self.stdout.write("Cleared. The next sign-in asks for the password and sets it up again.")
