"""Check the data files of the safety check, and say how much of them a clinician has still to review."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from prescriptions.safety.knowledge import DATA, UNREVIEWED, KnowledgeError, load


class Command(BaseCommand):
    """Reads every file as the running system does; the first wrong entry ends it with its file and the mistake."""

    help = "Checks the data files of the prescribing safety check and counts what is reviewed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """A folder other than the packaged one, for files that are being edited."""
        parser.add_argument("folder", nargs="?", type=Path, default=DATA, help="The folder of the data files.")

    def handle(self, *_args: Any, folder: Path, **_options: Any) -> None:
        """Check and count."""
        try:
            base = load(folder)
        except KnowledgeError as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"{error.filename} cannot be read: {error.strerror}") from error
        ingredients = sum(not substance.is_class for substance in base.substances.values())
        self.stdout.write(
            f"{ingredients} ingredients, {len(base.substances) - ingredients} classes, {len(base.names)} names"
        )
        sources = {
            "cross-reactions": [entry.source for entry in base.cross_reactions],
            "duplicates": [entry.source for entry in base.duplicates],
            "interactions": [entry.source for entry in base.interactions],
            "pregnancy and age": [entry.source for entry in base.populations],
            "daily doses": [entry.source for entry in base.dose_limits],
        }
        for name, of_rules in sources.items():
            open_rules = of_rules.count(UNREVIEWED)
            self.stdout.write(f"{len(of_rules)} rules on {name}, {open_rules} of them {UNREVIEWED}")
        self.stdout.write(self.style.SUCCESS("The files are in order."))
