#!/usr/bin/env python
"""Django's command line for MediChat.

Without DATABASE_URL, a command that needs the database runs with the embedded server: started when nobody uses it,
stopped when nobody uses it any more.
"""

import os
import signal
import sys
from types import FrameType

# Everything else gets the database. ``serve`` starts it itself, because it has more to start and stop.
WITHOUT_DATABASE = {
    "check",
    "collectstatic",
    "compilemessages",
    "diffsettings",
    "findstatic",
    "generate_secrets",
    "help",
    "makemessages",
    "serve",
    "setup_database",
    "spectacular",
    "startapp",
    "startproject",
    "version",
}


def needs_database(arguments: list[str]) -> bool:
    """Whether these words after ``manage.py`` run a command that talks to the database."""
    if not arguments or arguments[0].startswith("-") or {"--help", "-h", "--version"} & set(arguments):
        return False
    if arguments[0] == "check" and "--database" in arguments:
        return True
    return arguments[0] not in WITHOUT_DATABASE


def leave(number: int, _frame: FrameType | None) -> None:
    """End by way of an exception, so that the embedded server is stopped on the way out."""
    sys.exit(128 + number)


def main() -> None:
    """Run one management command."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "medichat.settings")
    from django.core.management import execute_from_command_line

    if sys.argv[1:2] in (["setup_database"], ["generate_secrets"]):
        # They come before there is a database URL or any secret, so they need no settings but the project's name.
        from django.conf import settings as bare_settings

        bare_settings.configure(INSTALLED_APPS=["medichat"], LOG_SQL=False)

    if not needs_database(sys.argv[1:]):
        execute_from_command_line(sys.argv)
        return

    from django.conf import settings
    from django.core.exceptions import ImproperlyConfigured

    from medichat.db.cluster import ClusterError
    from medichat.db.embedded import Embedded
    from medichat.db.roles import SetupError

    try:
        embedded = settings.EMBEDDED_DATABASE
    except ImproperlyConfigured as error:
        sys.exit(str(error))
    if not embedded:
        execute_from_command_line(sys.argv)
        return
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, leave)
    server = Embedded(settings.DATA_DIR)
    try:
        server.start()
    except (ClusterError, SetupError) as error:
        sys.exit(str(error))
    try:
        execute_from_command_line(sys.argv)
    finally:
        server.stop()


if __name__ == "__main__":
    main()
