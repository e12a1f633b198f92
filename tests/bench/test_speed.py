"""How fast the pages are. Nothing here judges time: the machine it runs on is not known."""

import json
import os
import platform
import sys
from pathlib import Path

import pytest

from tests.bench.clinic import Size
from tests.bench.load import Server
from tests.bench.measuring import measure, print_table, rounds
from tests.bench.pages import Application, pages
from tests.bench.serving import measure_together

pytestmark = pytest.mark.bench


def test_pages_with_row_security_and_log_on_and_off(clinic: Server, application: Application) -> None:
    size, measured = Size.wanted(), pages(clinic)
    figures = measure(clinic, application, measured, rounds(5))
    measure_together(clinic, measured, figures, rounds(5) // 2 or 1)
    title = f"{size.patients} patients, {size.patients * 3} conversations, {os.cpu_count()} processors"
    print_table(figures, title)
    assert all(figure.times and figure.together for figure in figures)
    output = os.environ.get("BENCH_OUTPUT", "").strip()
    if output:
        content = {
            "patients": size.patients,
            "loading_seconds": clinic.seconds,
            "processors": os.cpu_count(),
            "python": sys.version.split()[0],
            "system": platform.platform(),
            "pages": [figure.summary() for figure in figures],
        }
        Path(output).mkdir(parents=True, exist_ok=True)
        (Path(output) / "bench.json").write_text(json.dumps(content, indent=2) + "\n")
