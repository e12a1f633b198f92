"""Swagger UI's two files, out of the package that brings them."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import drf_spectacular_sidecar
from django.contrib.staticfiles.finders import BaseFinder
from django.core.files.storage import FileSystemStorage, Storage

FOLDER = "swagger-ui"
NAMES = ("LICENSE", "swagger-ui-bundle.js", "swagger-ui.css", "swagger-ui.css.map")


class SwaggerFinder(BaseFinder):
    """Finds what the documentation page loads, and nothing else of the package.

    As an app the package would bring seven megabytes more, which took half a minute to compress at every first start.
    """

    def __init__(self, *_: Any, **__: Any) -> None:
        package = Path(drf_spectacular_sidecar.__file__).parent
        self.storage = FileSystemStorage(package / "static" / "drf_spectacular_sidecar" / "swagger-ui-dist")
        self.storage.prefix = FOLDER  # type: ignore[attr-defined]  # under which collectstatic puts them

    def find(self, path: str, find_all: bool = False, **_: Any) -> Any:
        """The file, or all that there are with ``find_all``."""
        folder, _separator, name = path.partition("/")
        found = [self.storage.path(name)] if folder == FOLDER and name in NAMES else []
        return found if find_all else "".join(found) or []

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterator[tuple[str, Storage]]:
        """Each file and where it is."""
        for name in NAMES:
            yield name, self.storage
