"""The engine needs neither Django's settings nor a database."""

import subprocess
import sys
from pathlib import Path

ALONE = """
import sys
from conversations.intake import Turn, assess, emergency_advice, next_step, summarise
turns = [Turn("patient", "crushing chest pain and sweating", reference="1")]
found = assess(turns, age=60)
assert found.urgency == "emergency"
next_step(turns, questions_asked=1)
summarise(found, turns, files=[]).as_text()
emergency_advice(found.red_flags, "112")
others = {"django", "psycopg", "medichat", "accounts", "records"}
loaded = [name for name in sys.modules if name.split(".")[0] in others]
assert loaded == [], loaded
"""


def test_it_runs_without_django() -> None:
    root = Path(__file__).resolve().parents[3]
    done = subprocess.run([sys.executable, "-c", ALONE], cwd=root, capture_output=True, text=True, check=False, env={})
    assert done.returncode == 0, done.stderr
