"""SECURITY.md ends with a table of requirements: all of them, each with a standing, and every proof there is."""

import ast
import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "SECURITY.md").read_text()
STANDINGS = {"met", "partly", "not met", "not applicable"}
# How many requirements of levels 1 and 2 each section of ASVS 5.0 has.
SECTIONS = {
    "V1.1": 2, "V1.2": 9, "V1.3": 11, "V1.4": 3, "V1.5": 2,
    "V2.1": 3, "V2.2": 3, "V2.3": 4, "V2.4": 1,
    "V3.2": 2, "V3.3": 4, "V3.4": 6, "V3.5": 5, "V3.7": 2,
    "V4.1": 3, "V4.2": 1, "V4.3": 2, "V4.4": 4,
    "V5.1": 1, "V5.2": 3, "V5.3": 2, "V5.4": 3,
    "V6.1": 3, "V6.2": 12, "V6.3": 4, "V6.4": 4, "V6.5": 5, "V6.6": 3, "V6.8": 4,
    "V7.1": 3, "V7.2": 4, "V7.3": 2, "V7.4": 5, "V7.5": 2, "V7.6": 2,
    "V8.1": 2, "V8.2": 3, "V8.3": 1, "V8.4": 1,
    "V9.1": 3, "V9.2": 4,
    "V11.1": 2, "V11.2": 3, "V11.3": 3, "V11.4": 4, "V11.5": 1, "V11.6": 1,
    "V12.1": 3, "V12.2": 2, "V12.3": 4,
    "V13.1": 1, "V13.2": 5, "V13.3": 2, "V13.4": 5,
    "V14.1": 2, "V14.2": 4, "V14.3": 3,
    "V15.1": 3, "V15.2": 3, "V15.3": 7,
    "V16.1": 1, "V16.2": 5, "V16.3": 4, "V16.4": 3, "V16.5": 3,
}  # fmt: skip
SAFEGUARDS = [
    "(a)(1)", "(a)(2)(i)", "(a)(2)(ii)", "(a)(2)(iii)", "(a)(2)(iv)", "(b)", "(c)(1)", "(c)(2)", "(d)", "(e)(1)",
    "(e)(2)(i)", "(e)(2)(ii)",
]  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One requirement."""

    number: str
    in_short: str
    standing: str
    how: str
    proof: str

    @property
    def tests(self) -> list[tuple[str, str]]:
        """The tests that are named: file and function."""
        return re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", self.proof)


def table() -> list[Row]:
    """The table's rows, below its heading and rule."""
    lines = DOCUMENT.rstrip("\n").split("\n\n")[-1].splitlines()
    assert lines[0].startswith("| requirement |"), "SECURITY.md does not end with the table"
    return [Row(*(cell.strip() for cell in line.strip("|").split("|"))) for line in lines[2:]]


ROWS = table()


@cache
def functions(path: Path) -> set[str]:
    """The test functions of a file."""
    return {node.name for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)}


def test_no_requirement_is_left_out() -> None:
    numbers = [row.number for row in ROWS]
    assert [number for number, times in Counter(numbers).items() if times > 1] == []
    assert Counter(number.rpartition(".")[0] for number in numbers if number.startswith("V")) == SECTIONS
    assert [number for number in numbers if number.startswith("164")] == [f"164.312{part}" for part in SAFEGUARDS]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.number)
def test_a_requirement_has_a_standing_and_its_proof_exists(row: Row) -> None:
    assert row.standing in STANDINGS
    assert row.in_short
    assert row.how
    assert row.proof
    assert bool(row.tests) == ("::" in row.proof), "a reference that cannot be read"
    for file, function in row.tests:
        assert (ROOT / file).is_file(), file
        assert function in functions(ROOT / file), f"{file} has no {function}"


def test_what_is_met_is_proved_but_for_a_few_that_no_test_can_see() -> None:
    unproved = [row.number for row in ROWS if row.standing in {"met", "partly"} and not row.tests]
    assert unproved == ["V4.2.1", "V6.2.10", "V6.4.2", "V15.1.1"]
