"""How fast the previous system's clinic comes over, verified. Nothing here judges time: the machine is not known."""

import json
import os
from pathlib import Path

import pytest
from rich.console import Console
from rich.table import Table

from tests import database
from tests.bench.importing import Cost, measure, server
from tests.bench.old_clinic import of_scale
from tests.legacy.generator import OldClinic

pytestmark = pytest.mark.bench


@pytest.fixture(scope="module")
def django_db_setup() -> None:
    """The clinic of the pages is not needed here."""


def test_import_of_a_large_clinic(test_run: database.TestRun) -> None:
    console = Console(width=120)
    directory = Path(test_run.directory) / "import"
    size = of_scale(float(os.environ.get("BENCH_SCALE") or 1))
    directory.mkdir()
    directory.chmod(0o711)
    console.print(f"{size.users:,} users, {size.conversations:,} conversations, {size.logs:,} log entries")
    dump = OldClinic(size).write_dump(directory / "dump")
    with server(directory / "server") as empty:
        cost = measure(empty, dump, console.print)
    _print(cost, console)
    assert cost.report["ok"] is True
    assert cost.report["entities"]["conversations"]["source"] == size.conversations
    output = os.environ.get("BENCH_OUTPUT", "").strip()
    if output:
        Path(output).mkdir(parents=True, exist_ok=True)
        (Path(output) / "import.json").write_text(json.dumps(cost.summary(), indent=2) + "\n")


def _print(cost: Cost, console: Console) -> None:
    table = Table(title="Import of a dump, with encryption, blind index and verification")
    table.add_column("stage")
    table.add_column("seconds", justify="right")
    table.add_column("rows per second", justify="right")
    for stage, seconds in cost.stages.items():
        rows = cost.rows_of_stage(stage)
        table.add_row(stage, f"{seconds:.1f}", "" if rows is None else f"{rows / max(seconds, 0.1):,.0f}")
    summary = cost.summary()
    for name in [one for one in summary if one not in {"stages_seconds", "ok"}]:
        table.add_row(name.replace("_", " "), f"{summary[name]:,}", style="bold")
    console.print(table)
