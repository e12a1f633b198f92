"""Loads the codes of diagnoses that doctors search."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from records.icd10.load import SynonymsError, is_loaded, load, synonyms
from records.icd10.read import ReleaseMissingError, packaged_release


class Command(BaseCommand):
    """``manage.py load_icd10``: see the help text."""

    help = "Load ICD-10-CM, as the installed package brings it, into the table that searches and reports use."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whether to load again what is loaded."""
        parser.add_argument("--again", action="store_true", help="load it although this release is loaded")

    def handle(self, *args: Any, **options: Any) -> None:
        """Load it unless it is loaded already."""
        try:
            release = packaged_release()
            if is_loaded(release) and not options["again"]:
                self.stdout.write(f"ICD-10-CM {release.name} is loaded already.")
                return
            number = load(release, synonyms())
        except (ReleaseMissingError, SynonymsError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"ICD-10-CM {release.name}: {number} codes.")
