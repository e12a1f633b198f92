"""Small clinics for the ways in which the old migration script lost data (section 10 of the legacy schema)."""

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import bcrypt
import bson
from bson import ObjectId

from tests.legacy.importing import Loaded

WHEN = datetime(2022, 3, 4, 5, 6, 7, 89_000)  # noqa: DTZ001  # BSON's dates are UTC and have no zone
PASSWORD = "four small boats at sea"
BCRYPT = bcrypt.hashpw(PASSWORD.encode(), b"$2a$04$abcdefghijklmnopqrstuu").decode()
Documents = dict[str, list[dict[str, Any]]]


def at(*parts: int) -> datetime:
    """A date as BSON holds it."""
    return datetime(*parts)  # type: ignore[arg-type]  # noqa: DTZ001 -- parts of a date


def oid(number: int) -> ObjectId:
    """An id that follows from a number."""
    return ObjectId(f"{0x62000000:08x}{number:016x}")


def user(number: int, **fields: Any) -> dict[str, Any]:
    """An account that needs nothing."""
    return {
        "_id": oid(number), "email": f"person{number}@old.example", "password": BCRYPT, "role": "patient",
        "firstName": "Ann", "lastName": f"Person{number}", "createdAt": WHEN, "updatedAt": WHEN, "__v": 0, **fields,
    }  # fmt: skip


def doctor(number: int, **fields: Any) -> dict[str, Any]:
    """A doctor who needs nothing."""
    return user(number, **{"role": "doctor", "specialization": "Surgery", "licenseNumber": f"L-{number}", **fields})


def message(number: int, **fields: Any) -> dict[str, Any]:
    """A message that needs nothing."""
    return {"_id": oid(number), "role": "user", "content": f"words {number}", "timestamp": WHEN, **fields}


def conversation(number: int, patient: Any, **fields: Any) -> dict[str, Any]:
    """A visit that needs nothing."""
    return {
        "_id": oid(number), "patient": patient, "visitNumber": 1, "status": "in_progress",
        "messages": [message(number * 100)], "symptoms": [], "attachments": [],
        "doctorResponse": {"prescriptions": []}, "createdAt": WHEN, "updatedAt": WHEN, "__v": 0, **fields,
    }  # fmt: skip


def entry(number: int, **fields: Any) -> dict[str, Any]:
    """An entry of the log that needs nothing."""
    return {
        "_id": oid(number), "user": oid(1), "userRole": "patient", "action": "user.login", "status": "success",
        "severity": "info", "createdAt": WHEN, "updatedAt": WHEN, "__v": 0, **fields,
    }  # fmt: skip


def without(document: dict[str, Any], *names: str) -> dict[str, Any]:
    """The document without these fields."""
    return {name: value for name, value in document.items() if name not in names}


def write(folder: Path, documents: Mapping[str, list[dict[str, Any]]]) -> Path:
    """As mongodump writes it; collections that are not named are empty."""
    folder.mkdir(parents=True, exist_ok=True)
    for collection in ("users", "conversations", "activity_logs"):
        (folder / f"{collection}.bson").write_bytes(b"".join(map(bson.encode, documents.get(collection, []))))
    return folder


def loaded(load: Callable[[Path], Loaded], folder: Path, documents: Documents) -> Loaded:
    """Load these documents with the real command; everything must hold."""
    found = load(write(folder / "dump", documents))
    assert found.code == 0, found.console
    assert found.report["ok"] is True
    return found
