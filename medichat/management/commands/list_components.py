"""Say what this installation consists of, for those who compare it with published advisories."""

import json
import re
import uuid
from datetime import UTC, datetime
from importlib.metadata import Distribution, distributions
from typing import Any

from django.core.management.base import BaseCommand


class Command(BaseCommand):
    """A bill of materials in the format CycloneDX 1.5: every package that is really installed beside the program."""

    help = "Print every installed package with its version, as a bill of materials (CycloneDX, JSON)."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Print it; nothing is asked of the network."""
        found = {_plain(package.metadata["Name"]): package for package in distributions()}
        bill = {
            "bomFormat": "CycloneDX",
            "specVersion": "1.5",
            "serialNumber": f"urn:uuid:{uuid.uuid4()}",
            "version": 1,
            "metadata": {
                "timestamp": datetime.now(UTC).isoformat(timespec="seconds"),
                "component": {"type": "application", "name": "MediChat"},
            },
            "components": [_component(name, found[name]) for name in sorted(found)],
        }
        self.stdout.write(json.dumps(bill, indent=2))


def _component(name: str, package: Distribution) -> dict[str, Any]:
    address = f"pkg:pypi/{name}@{package.version}"
    return {"type": "library", "bom-ref": address, "name": name, "version": package.version, "purl": address}


def _plain(name: str) -> str:
    """A package's name as indexes and advisories write it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()
