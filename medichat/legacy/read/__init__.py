"""Where the previous system's documents come from: a folder with a dump or an export, or its server."""

from pathlib import Path

from medichat.legacy.read.folder import FolderSource
from medichat.legacy.read.server import ServerSource
from medichat.legacy.read.source import COLLECTIONS, Source, SourceError

__all__ = ["COLLECTIONS", "FolderSource", "ServerSource", "Source", "SourceError", "open_source"]


def open_source(place: str, database: str = "") -> Source:
    """The source at an address (``mongodb://``, ``mongodb+srv://``) or in a folder. Raises SourceError."""
    if place.startswith(("mongodb://", "mongodb+srv://")):
        return ServerSource(place, database)
    return FolderSource(Path(place), database)
