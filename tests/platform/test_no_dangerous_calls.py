"""What the program never does, read from its own source: run what it was given, or connect where nobody said."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import Client

from tests.test_architecture import Module, of_apps

ROOT = Path(__file__).parents[2]
PROGRAM = of_apps("accounts", "records", "conversations", "prescriptions", "audit", "medichat")
RUNS_CODE = {"eval", "exec", "compile", "__import__", "execfile"}
UNSAFE_MODULES = {"marshal", "shelve", "dill", "xmlrpc", "telnetlib", "ftplib"}
# Parent and child of the import speak over a pipe of their own.
PICKLES = {"medichat.legacy.workers", "medichat.legacy.serve"}
# Who may start a program: the embedded database's, and the web server that an operator asked for.
STARTS_PROGRAMS = {"medichat.db.cluster", "medichat.db.embedded", "medichat.management.commands.serve"}
# Who may connect to something that is not Django's database connection or mail: to what the operator named.
CONNECTS = {
    "medichat.virus_scan",
    "medichat.management.commands.serve",
    "medichat.db.roles",
    "medichat.legacy.read.server",
    "medichat.legacy.worker",
    "medichat.legacy.load",
    "medichat.legacy.undo",
}
CONNECTIONS = ("socket", "urllib.request", "http.client", "requests", "httpx", "aiohttp", "pymongo.MongoClient")
OWN_SENTENCES = {"conversations.intake.advice", "conversations.intake.dialogue"}
COMPOSES_SQL = {"medichat.backup.restore", "medichat.backup.tables", "medichat.legacy.writer"}
PATTERN_FUNCTIONS = {"compile", "match", "search", "fullmatch", "sub", "subn", "split", "findall", "finditer"}


def calls(module: Module) -> Iterator[tuple[ast.Call, str]]:
    """Every call and the name of what is called, as it is written."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call):
            yield node, ast.unparse(node.func)


def test_the_program_is_looked_at() -> None:
    assert len(PROGRAM) > 100


def test_no_module_runs_what_it_was_given() -> None:
    wrong = []
    for module in PROGRAM:
        for call, name in calls(module):
            has_shell = any(word.arg == "shell" for word in call.keywords)
            if name in RUNS_CODE | {"os.system", "os.popen", "Template"} or has_shell:
                wrong.append((module.name, call.lineno, name))
        imported = {name.split(".")[0] for name in module.imports()}
        wrong += [(module.name, 0, name) for name in imported & UNSAFE_MODULES]
        if "pickle" in imported and module.name not in PICKLES:
            wrong.append((module.name, 0, "pickle"))
        if "subprocess" in imported and module.name not in STARTS_PROGRAMS:
            wrong.append((module.name, 0, "subprocess"))
    assert wrong == []


def test_nobody_but_the_named_modules_opens_connections() -> None:
    found = {
        module.name
        for module in PROGRAM
        if any(name.startswith(CONNECTIONS) for name in module.imports())
        or any(name == "psycopg.connect" for _call, name in calls(module))
    }
    assert found == CONNECTS


def test_no_regular_expression_is_built_from_input() -> None:
    """A pattern is written out, or put together from constants and what ``re.escape`` gives."""
    wrong = []
    for module in PROGRAM:
        escaped = {
            node.targets[0].id
            for node in ast.walk(module.tree)
            if isinstance(node, ast.Assign)
            and isinstance(node.targets[0], ast.Name)
            and "re.escape" in ast.unparse(node.value)
        }
        for call, name in calls(module):
            if not (name.startswith("re.") and name[3:] in PATTERN_FUNCTIONS and call.args):
                continue
            pattern = call.args[0]
            for part in pattern.values if isinstance(pattern, ast.JoinedStr) else [pattern]:
                names = {node.id for node in ast.walk(part) if isinstance(node, ast.Name)}
                unknown = {name for name in names - escaped - {"sorted", "str"} if not name.isupper()}
                if unknown and "re.escape" not in ast.unparse(part):
                    wrong.append((module.name, call.lineno, ast.unparse(part)))
    assert wrong == []


def test_no_format_string_comes_from_elsewhere() -> None:
    """Texts are written out, constants, SQL that psycopg composes, or sentences of the project's own data files."""
    wrong = []
    for module in PROGRAM:
        for call, _name in calls(module):
            if not isinstance(call.func, ast.Attribute) or call.func.attr not in {"format", "format_map"}:
                continue
            said = call.func.value
            is_known = "SQL" in ast.unparse(said) or isinstance(said, ast.Constant | ast.JoinedStr)
            is_constant = isinstance(said, ast.Name | ast.Attribute) and ast.unparse(said).rpartition(".")[2].isupper()
            if not (is_known or is_constant or module.name in OWN_SENTENCES | COMPOSES_SQL):
                wrong.append((module.name, call.lineno, ast.unparse(said)))
    assert wrong == []


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/static/", "/static/medichat/", "/files/", "/.git/config", "/.env", "/var/"])
def test_no_folder_is_listed_and_trace_is_not_answered(path: str) -> None:
    assert Client().get(path).status_code == 404
    assert Client().generic("TRACE", "/").status_code in {404, 405}


def test_every_component_is_pinned_and_explained() -> None:
    explained = (ROOT / "CONTRIBUTING.md").read_text()
    for file in ("requirements.txt", "requirements-dev.txt"):
        for line in (ROOT / file).read_text().splitlines():
            if not line or line.startswith(("#", "-r")):
                continue
            assert re.fullmatch(r"[\w-]+(\[[\w,-]+\])?==[\w.]+", line), f"{file}: {line} is not pinned"
            name = re.split(r"[\[=]", line)[0]
            assert name.lower() in explained.lower(), f"{name} is not explained in CONTRIBUTING.md"
