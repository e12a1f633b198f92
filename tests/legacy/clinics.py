"""A small made-up clinic, and how it looks as a dump, as an export and on a server."""

import gzip
import json
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

import bson
from bson import Decimal128, Int64, ObjectId, json_util
from bson.datetime_ms import DatetimeMS

from medichat.legacy.document import CODEC

Clinic = dict[str, list[bytes]]

PATIENT, DOCTOR, VISIT, ENTRY = (ObjectId(f"60000000000000000000000{digit}") for digit in "1234")
WHEN = datetime(2024, 5, 6, 7, 8, 9, 120000)  # noqa: DTZ001  # BSON's dates are UTC and have no zone


def clinic() -> Clinic:
    """One patient, one doctor, one visit, one log entry, with values of many types."""
    documents: dict[str, list[dict[str, Any]]] = {
        "users": [
            {
                "_id": PATIENT, "email": "pat@example.org", "role": "patient", "firstName": "Pat", "lastName": "Żuk",
                "dateOfBirth": datetime(1950, 1, 2), "weight": Decimal128("80.50"), "allergies": ["Latex"],  # noqa: DTZ001 -- BSON dates have no zone
                "createdAt": WHEN, "updatedAt": WHEN, "__v": 0, "points": Int64(2**40), "ratio": float("nan"),
            },
            {"_id": DOCTOR, "email": "doc@example.org", "role": "doctor", "lastLoginAt": DatetimeMS(2**60), "__v": 1},
        ],
        "conversations": [
            {
                "_id": VISIT, "patient": PATIENT, "doctor": DOCTOR, "visitNumber": 1, "status": "in_progress",
                "messages": [{"_id": ENTRY, "role": "user", "content": 'Said: "{[\\ \u0000 ok"', "timestamp": WHEN}],
                "createdAt": WHEN, "__v": 3,
            },
        ],
        "activity_logs": [
            {"_id": ENTRY, "user": PATIENT, "userRole": "patient", "action": "user.login", "status": "success",
             "duration": 12.5, "metadata": {"a.b": [1, {"c": None}]}, "createdAt": WHEN, "updatedAt": WHEN, "__v": 0},
        ],
    }  # fmt: skip
    return {name: [bson.encode(one) for one in ones] for name, ones in documents.items()}


def write_dump(folder: Path, source: Clinic, *, compressed: bool = False) -> Path:
    """As mongodump writes it."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, raws in source.items():
        _write(folder / f"{name}.bson", b"".join(raws), compressed=compressed)
        _write(folder / f"{name}.metadata.json", b'{"indexes":[]}', compressed=compressed)
    return folder


def write_export(
    folder: Path, source: Clinic, *, canonical: bool = False, as_list: bool = False, pretty: bool = False
) -> Path:
    """As mongoexport writes it."""
    folder.mkdir(parents=True, exist_ok=True)
    options = json_util.CANONICAL_JSON_OPTIONS if canonical else json_util.RELAXED_JSON_OPTIONS
    for name, raws in source.items():
        lines = [json_util.dumps(bson.decode(raw, CODEC), json_options=options, ensure_ascii=False) for raw in raws]
        if pretty:
            lines = [json.dumps(json.loads(line), indent=2) for line in lines]
        text = f"[{','.join(lines)}]\n" if as_list else "".join(f"{line}\n" for line in lines)
        _write(folder / f"{name}.json", text.encode(), compressed=False)
    return folder


def _write(path: Path, content: bytes, *, compressed: bool) -> None:
    if compressed:
        path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(content))
    else:
        path.write_bytes(content)


def canonical(raws: Iterable[Any]) -> list[str]:
    """The values of documents in a form that can be compared, whatever source they come from."""
    return [repr(sorted(_plain(values).items())) for values in raws]


def _plain(value: Any) -> Any:
    """Numbers by their value: a relaxed export does not tell 64 bits from 32."""
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return int(value) if isinstance(value, int) and not isinstance(value, bool) else value
