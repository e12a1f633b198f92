"""How fast the reports are, beside the same questions to one JSONB document for each user and conversation.

Nothing here judges time: the table says where the reports are less than five times faster. That both shapes answer
alike is asserted.
"""

import json
import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest
from rich.console import Console
from rich.table import Table

from accounts.models import Role, User
from medichat.db.context import acting_as, system
from records.reporting import Figures, all_reports
from tests.bench import legacy_shape
from tests.bench.clinic import Size, doctor_id
from tests.bench.load import Server
from tests.bench.measuring import database_seconds, rounds

pytestmark = pytest.mark.bench
FASTER = 5
MOST_EACH, SECONDS_EACH = 20, 0.5
EVER = {"since": "2001-01-01", "until": "2099-12-31"}
# The bench's name -> which report, asked what.
ASKED: dict[str, tuple[str, dict[str, str]]] = {
    "patients with an allergy": ("allergies", {"name": "Penicillin"}),
    "patients on a medicine": ("medicines", {"name": "Apixaban"}),
    "patients with a condition": ("conditions", {"name": "J45"}),
    "severe symptoms": ("symptoms", {"severity": "severe", "symptom": "", **EVER}),
    "response times": ("response-times", {"by": "month", **EVER}),
    "prescriptions by medicine": ("prescriptions", {"medicine": "", **EVER}),
}


def answered(user: User, name: str) -> int:
    """Asks the report for its whole answer; returns how many rows it has."""
    slug, asked = ASKED[name]
    report = all_reports()[slug]
    form = report.form(asked)
    assert form.is_valid(), form.errors
    with acting_as(user):
        answer = report.ask(user, form.cleaned_data)
        if isinstance(answer, Figures):
            return len(answer.rows)
        person = answer.patient
        columns = (f"{person}__last_name", f"{person}__first_name", f"{person}__email", "pk")
        return len(answer.rows.order_by(*answer.keys).values_list(*columns))


@dataclass
class Taken:
    """What asking one question took: times in milliseconds, processor seconds of this process and the server."""

    times: list[float] = field(default_factory=list)
    processor: float = 0
    rows: int = 0

    @property
    def median(self) -> float:
        """Milliseconds."""
        return statistics.median(self.times)

    @property
    def processor_ms(self) -> float:
        """Milliseconds of processor time each time it was asked."""
        return 1000 * self.processor / len(self.times)


def ask(server: Server, act: Callable[[], int], into: Taken) -> None:
    """Ask again and again for a while: processor times are counted in steps of ten milliseconds."""
    begun, asked = time.perf_counter(), 0
    processor = time.process_time() + database_seconds(server)
    while not asked or (asked < MOST_EACH and time.perf_counter() - begun < SECONDS_EACH):
        began = time.perf_counter()
        into.rows = act()
        into.times.append(1000 * (time.perf_counter() - began))
        asked += 1
    into.processor += time.process_time() + database_seconds(server) - processor


def test_reports_beside_the_legacy_shape(clinic: Server) -> None:
    legacy_shape.make(clinic)
    with system():
        administrator, _made = User.objects.get_or_create(
            email="reports@bench.example",
            defaults={"role": Role.ADMIN, "first_name": "Bench", "last_name": "Reports", "password": "!"},
        )
        doctor = User.objects.get(pk=doctor_id(0))
    taken: dict[str, dict[str, Taken]] = {}
    with psycopg.connect(clinic.superuser_url, autocommit=True) as plain:
        for turn in range(-1, rounds(5)):  # the first is to warm up
            for name in ASKED:
                ways: dict[str, Callable[[], int]] = {
                    # The types of a lambda's defaults cannot be written.
                    "all": lambda name=name: answered(administrator, name),  # type: ignore[misc]
                    "own": lambda name=name: answered(doctor, name),  # type: ignore[misc]
                    "legacy": lambda name=name: len(plain.execute(legacy_shape.QUESTIONS[name]).fetchall()),  # type: ignore[misc]
                }
                of_name = taken.setdefault(name, {}) if turn >= 0 else {}
                for way, act in ways.items():
                    ask(clinic, act, of_name.setdefault(way, Taken()))
                assert of_name["all"].rows == of_name["legacy"].rows, f"{name}: both shapes must answer alike"
    _print(taken)
    _keep(taken)


def _print(taken: dict[str, dict[str, Taken]]) -> None:
    table = Table(
        title=f"Reports, whole answers, {Size.wanted().patients} patients: milliseconds (cpu: processor time)"
    )
    for heading in ("report", "rows", "administrator", "cpu", "doctor", "cpu", "legacy", "cpu", "faster", "cpu", ""):
        table.add_column(heading, justify="left" if heading in {"report", ""} else "right")
    for name, ways in taken.items():
        factor = ways["legacy"].median / ways["all"].median
        less = ways["legacy"].processor_ms / ways["all"].processor_ms
        word = "" if factor >= FASTER else f"less than {FASTER} times"
        figures = [f"{value:.1f}" for way in ways.values() for value in (way.median, way.processor_ms)]
        table.add_row(name, str(ways["all"].rows), *figures, f"{factor:.1f}", f"{less:.1f}", word)
    Console(width=140).print(table)


def _keep(taken: dict[str, dict[str, Taken]]) -> None:
    output = os.environ.get("BENCH_OUTPUT", "").strip()
    if not output:
        return
    content = {
        name: {
            way: {"rows": one.rows, "p50_ms": round(one.median, 1), "cpu_ms": round(one.processor_ms, 1)}
            for way, one in ways.items()
        }
        for name, ways in taken.items()
    }
    Path(output).mkdir(parents=True, exist_ok=True)
    (Path(output) / "reports.json").write_text(json.dumps(content, indent=2) + "\n")
