"""Where below the uploads a stored path points: the path is data from a document, never a path to follow as it stands.

The previous system wrote ``uploads/<name>`` and ``/uploads/profiles/<name>``; on Windows with backslashes; other
programs wrote whole paths or addresses. What stands behind the last ``uploads`` counts.
"""

import re

UPLOADS = "uploads"
Place = tuple[str, ...]
_DRIVE = re.compile(r"[A-Za-z]:")
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/]*")


def place_in_uploads(stated: str) -> Place | None:
    """The steps from the uploads to the file, none of them ``..``; None where the path leads out or names no file."""
    path = stated.strip().replace("\\", "/")
    if "\0" in path or not _is_encodable(path):
        return None
    begins_elsewhere = False
    if start := _ADDRESS.match(path) or _DRIVE.match(path):
        path, begins_elsewhere = path[start.end() :], True
    begins_elsewhere = begins_elsewhere or path.startswith("/")
    steps = [step for step in path.split("/") if step not in ("", ".")]
    if ".." in steps:
        return None
    if UPLOADS in steps:
        steps = steps[len(steps) - steps[::-1].index(UPLOADS) :]
    elif begins_elsewhere:
        return None
    # A colon names another stream of a file on Windows, and no file that the previous system wrote.
    if not steps or any(":" in step for step in steps):
        return None
    return tuple(steps)


def _is_encodable(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True
