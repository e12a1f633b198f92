"""Reading the clinical content: TOML files beside the code, which a clinician can read and review."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent


@cache
def load(name: str) -> dict[str, Any]:
    """The content of one file, for example 'lexicon/language.toml'."""
    with (_FOLDER / name).open("rb") as file:
        return tomllib.load(file)


@cache
def load_all(folder: str) -> dict[str, dict[str, Any]]:
    """Every file of a folder by its name without ending, in alphabetical order."""
    return {path.stem: load(f"{folder}/{path.name}") for path in sorted((_FOLDER / folder).glob("*.toml"))}
