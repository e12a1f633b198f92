"""The bill of materials: what is really installed, in a format that other tools read."""

import json
import re
from io import StringIO
from pathlib import Path

from django.core.management import call_command

ROOT = Path(__file__).parents[2]


def test_every_pinned_package_is_in_it() -> None:
    out = StringIO()
    call_command("list_components", stdout=out)
    bill = json.loads(out.getvalue())
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.5")
    named = {component["name"]: component for component in bill["components"]}
    assert len(named) == len(bill["components"])
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    for line in (line for line in lines if "==" in line):
        name, version = re.sub(r"\[.*\]", "", line).split("==")
        plain = re.sub(r"[-_.]+", "-", name).lower()
        installed = named[plain]["version"]
        assert re.sub(r"\b0+(?=\d)", "", installed) == version  # one writes 2.012 for 2.12
        assert named[plain]["purl"] == f"pkg:pypi/{plain}@{installed}"
