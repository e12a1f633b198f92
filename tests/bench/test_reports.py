"""How fast the reports are, beside the same questions to one JSONB document for each user and conversation.

Nothing here judges time: the table says where the reports are less than five times faster. That both shapes answer
alike is asserted.
"""

import json
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

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
from tests.bench.measuring import rounds

pytestmark = pytest.mark.bench
FASTER = 5
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
        answer = report.answer(user, form.cleaned_data)
        if isinstance(answer, Figures):
            return len(answer.rows)
        person = answer.patient
        columns = (f"{person}__last_name", f"{person}__first_name", f"{person}__email", "pk")
        return len(answer.rows.order_by(*answer.keys).values_list(*columns))


def timed(act: Callable[[], int]) -> tuple[float, int]:
    """Milliseconds, and what it gave."""
    begun = time.perf_counter()
    rows = act()
    return 1000 * (time.perf_counter() - begun), rows


def test_reports_beside_the_legacy_shape(clinic: Server) -> None:
    legacy_shape.make(clinic)
    with system():
        administrator, _made = User.objects.get_or_create(
            email="reports@bench.example",
            defaults={"role": Role.ADMIN, "first_name": "Bench", "last_name": "Reports", "password": "!"},
        )
        doctor = User.objects.get(pk=doctor_id(0))
    times: dict[str, dict[str, list[float]]] = {name: {"all": [], "own": [], "legacy": []} for name in ASKED}
    counts: dict[str, int] = {}
    with psycopg.connect(clinic.superuser_url, autocommit=True) as plain:

        def asked_plainly(name: str) -> int:
            return len(plain.execute(legacy_shape.QUESTIONS[name]).fetchall())

        for turn in range(-1, rounds(7)):  # the first is to warm up
            for name in ASKED:
                took, rows = timed(lambda name=name: answered(administrator, name))  # type: ignore[misc]
                own, _rows = timed(lambda name=name: answered(doctor, name))  # type: ignore[misc]
                old, old_rows = timed(lambda name=name: asked_plainly(name))  # type: ignore[misc]
                assert rows == old_rows, f"{name}: both shapes must answer alike"
                counts[name] = rows
                if turn >= 0:
                    for key, value in (("all", took), ("own", own), ("legacy", old)):
                        times[name][key].append(value)
    _print(times, counts)
    _keep(times, counts)


def _medians(kinds: dict[str, list[float]]) -> dict[str, float]:
    return {key: statistics.median(values) for key, values in kinds.items()}


def _print(times: dict[str, dict[str, list[float]]], counts: dict[str, int]) -> None:
    table = Table(title=f"Reports, whole answers, {Size.wanted().patients} patients: milliseconds (median)")
    for heading in ("report", "rows", "administrator", "a doctor's own", "legacy shape", "times faster", ""):
        table.add_column(heading, justify="left" if heading in {"report", ""} else "right")
    for name, kinds in times.items():
        median = _medians(kinds)
        factor = median["legacy"] / median["all"]
        word = "" if factor >= FASTER else f"less than {FASTER} times"
        figures = [f"{median[key]:.1f}" for key in ("all", "own", "legacy")]
        table.add_row(name, str(counts[name]), *figures, f"{factor:.1f}", word)
    Console(width=130).print(table)


def _keep(times: dict[str, dict[str, list[float]]], counts: dict[str, int]) -> None:
    output = os.environ.get("BENCH_OUTPUT", "").strip()
    if not output:
        return
    content: dict[str, Any] = {name: {"rows": counts[name], **_medians(kinds)} for name, kinds in times.items()}
    Path(output).mkdir(parents=True, exist_ok=True)
    (Path(output) / "reports.json").write_text(json.dumps(content, indent=2) + "\n")
