"""The house keeps its shape: who may import whom, what is pure, where a state changes, and how long things get."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
APPS = ["accounts", "records", "conversations", "prescriptions", "audit"]
# Each may import those before it.
DOWNSTREAM = ["accounts", "records", "conversations", "prescriptions"]
# The only parts of the project itself that know the apps; the frame of the pages knows who is signed in.
KNOWS_EVERY_APP = ("medichat.urls", "medichat.api.urls", "medichat.legacy", "medichat.management.commands")
KNOWS_ACCOUNTS = ("medichat.pages", "medichat.front_page")
# Importable without Django being set up, and without the ORM.
PURE = ("conversations.intake", "prescriptions.safety", "prescriptions.pdf", "prescriptions.wording")
ORM = ("django.db", "django.contrib", "django.apps", "accounts", "records", "audit", "medichat.db")
LONGEST_FILE = 500
LONGEST_FUNCTION = 80
NAMES_THAT_SAY_NOTHING = {"utils", "util", "common", "core", "helpers", "helper", "managers", "misc", "tools"}


@dataclass(frozen=True)
class Module:
    """A Python file of the project."""

    name: str
    path: Path

    @property
    def tree(self) -> ast.Module:
        """Its syntax."""
        return ast.parse(self.path.read_text())

    @property
    def package(self) -> str:
        """Its first part: an app, the project or the tests."""
        return self.name.split(".")[0]

    def imports(self) -> Iterator[str]:
        """The full names of everything it imports, wherever in the file; relative ones resolved."""
        parts = self.name.split(".")
        inside = parts if self.path.name == "__init__.py" else parts[:-1]
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                base = ".".join(inside[: len(inside) - node.level + 1]) if node.level else ""
                origin = ".".join(part for part in (base, node.module or "") if part)
                yield from (f"{origin}.{alias.name}" for alias in node.names)

    def is_within(self, *names: str) -> bool:
        """Whether it is one of these modules or lies in one of these packages."""
        return any(self.name == name or self.name.startswith(f"{name}.") for name in names)


@cache
def modules() -> list[Module]:
    """Every Python file of the project but migrations, which are generated in part and never change."""
    found = []
    for package in (*APPS, "medichat", "tests"):
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            if "migrations" not in parts:
                found.append(Module(".".join(parts).removesuffix(".__init__"), path))
    return found


def of_apps(*names: str) -> list[Module]:
    return [module for module in modules() if module.package in names]


def begins_with(imported: str, *names: str) -> bool:
    return any(imported == name or imported.startswith(f"{name}.") for name in names)


def test_the_files_are_found() -> None:
    assert len(of_apps(*APPS)) > 80
    assert all(of_apps(name) for name in (*APPS, "medichat", "tests"))


@pytest.mark.parametrize("app", DOWNSTREAM)
def test_an_app_imports_only_those_before_it(app: str) -> None:
    later = [*DOWNSTREAM[DOWNSTREAM.index(app) + 1 :], "audit"]
    wrong = [(module.name, name) for module in of_apps(app) for name in module.imports() if begins_with(name, *later)]
    assert wrong == []


def test_nobody_imports_the_record() -> None:
    """It listens to what the others say."""
    others = [module for module in of_apps(*DOWNSTREAM, "medichat") if not module.is_within(*KNOWS_EVERY_APP)]
    assert [(module.name, name) for module in others for name in module.imports() if begins_with(name, "audit")] == []


def test_the_project_itself_does_not_know_the_apps() -> None:
    wrong = []
    for module in of_apps("medichat"):
        if module.is_within(*KNOWS_EVERY_APP):
            continue
        known = APPS[1:] if module.is_within(*KNOWS_ACCOUNTS) else APPS
        wrong += [(module.name, name) for name in module.imports() if begins_with(name, *known)]
    assert wrong == []


def test_nothing_of_the_clinic_imports_tests() -> None:
    clinic = of_apps(*APPS, "medichat")
    assert [(module.name, name) for module in clinic for name in module.imports() if begins_with(name, "tests")] == []


@pytest.mark.parametrize("package", PURE)
def test_what_is_pure_knows_no_database(package: str) -> None:
    pure = [module for module in modules() if module.is_within(package)]
    assert pure
    app = package.split(".")[0]
    wrong = [
        (module.name, name)
        for module in pure
        for name in module.imports()
        if begins_with(name, *ORM) or (begins_with(name, app) and not begins_with(name, *PURE))
    ]
    assert wrong == []


def is_models(module: Module) -> bool:
    return module.is_within(*(f"{app}.models" for app in APPS), "medichat.legacy.models")


def status_changes(module: Module) -> Iterator[int]:
    """The lines that assign to an attribute ``status``, or change it in an ``update(status=...)``."""
    for node in ast.walk(module.tree):
        targets: list[ast.expr] = []
        if isinstance(node, ast.Assign):
            targets = node.targets
        elif isinstance(node, ast.AnnAssign | ast.AugAssign):
            targets = [node.target]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "update":
            yield from (node.lineno for keyword in node.keywords if keyword.arg == "status")
        for target in targets:
            parts = target.elts if isinstance(target, ast.Tuple | ast.List) else [target]
            if any(isinstance(part, ast.Attribute) and part.attr == "status" for part in parts):
                yield target.lineno


def test_only_models_change_a_status() -> None:
    elsewhere = [module for module in of_apps(*APPS, "medichat") if not is_models(module)]
    assert [(module.name, line) for module in elsewhere for line in status_changes(module)] == []
    assert any(list(status_changes(module)) for module in modules() if is_models(module))


def test_no_file_is_longer_than_one_can_read() -> None:
    lengths = {module.name: len(module.path.read_text().splitlines()) for module in modules()}
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_FILE} == {}


def test_no_function_is_longer_than_a_screen() -> None:
    long = [
        (module.name, node.name, node.end_lineno - node.lineno)
        for module in modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno is not None
        and node.end_lineno - node.lineno > LONGEST_FUNCTION
    ]
    assert long == []


def test_every_module_says_by_its_name_what_is_in_it() -> None:
    assert [module.name for module in modules() if NAMES_THAT_SAY_NOTHING & set(module.name.split("."))] == []
