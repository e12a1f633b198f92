"""A document of ``activity_logs``: who did what, when, from where, and how it ended."""

import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from bson import ObjectId

from medichat.legacy.document import UNREADABLE, Document, UnreadableDocumentError
from medichat.legacy.parse import rules
from medichat.legacy.parse.dates import LAST_YEAR, instant
from medichat.legacy.parse.identity import original_of, reference_of, time_of_id
from medichat.legacy.parse.parsing import (
    Claim,
    Field,
    Parsed,
    Section,
    Tally,
    extended_json,
    is_empty,
    states_nothing,
    without_secrets,
)
from medichat.legacy.parse.rows import ActivityLogRow
from medichat.legacy.parse.values import (
    address_of,
    are_plain,
    choice_of,
    number,
    one_mark_each,
    plain,
    text,
    text_of,
    whole_number,
)
from medichat.legacy.parse.whole import begin, set_aside_whole, unreadable

ACTIONS = frozenset(
    {"user.login", "user.logout", "user.register", "user.login.failed", "user.created", "user.updated", "user.deleted",
     "user.activated", "user.deactivated", "profile.updated", "conversation.created", "conversation.updated",
     "conversation.deleted", "conversation.archived", "conversation.unarchived", "conversation.assigned",
     "message.sent", "message.received", "message.read", "diagnosis.created", "prescription.created",
     "referral.created",
     "file.uploaded", "file.downloaded", "file.deleted", "admin.report.generated", "admin.settings.changed",
     "admin.backup.created", "system.startup", "system.shutdown", "system.error"}
)  # fmt: skip
_ROLES = {role: role for role in ("patient", "doctor", "admin", "system", "anonymous")}
_STATUSES = {status: status for status in ("success", "failure", "error", "warning")}
_SEVERITIES = {severity: severity for severity in ("info", "warning", "error", "critical")}
_SECRET_IN_QUERY = re.compile(r"((?:passw|pwd|token|secret|key|code|auth|otp|session)[^=&]*=)[^&#]*", re.IGNORECASE)
_WHOLE_NUMBERS = 2**31 - 1
_LOADED = Tally("activity_logs", (), "loaded")


def parse_activity_log(document: Document) -> Parsed:
    """One entry. Never raises; what cannot be taken over is set aside."""
    try:
        plain_one = _plain_entry(document.values)
        if plain_one is not None:
            return plain_one
        parsed, section = begin(document)
    except UnreadableDocumentError:
        return unreadable(document, "activity_logs")
    parsed.tally.append(_LOADED)
    occurred_at = _occurred_at(section, document.values.get("_id"))
    if occurred_at is None or "_id" not in document.values:
        return set_aside_whole(
            parsed, document.values, rules.DATE_NOT_UNDERSTOOD if occurred_at is None else rules.DOCUMENT_WITHOUT_ID
        )
    _updated_at(section.take("updatedAt"), occurred_at)
    parsed.rows.append(_entry(parsed, section, occurred_at))
    section.set_aside_rest()
    return parsed


# What claims a plain field of an entry, and the types that it then has.
_PLAIN: dict[str, tuple[str, tuple[type, ...]]] = {
    "_id": ("legacy_id", (ObjectId,)),
    "__v": (f"rule:{rules.VERSION_COUNTER}", (int,)),
    "createdAt": ("activity_logs.occurred_at", (datetime,)),
    "updatedAt": (f"rule:{rules.SAME_AS_CREATED}", (datetime,)),
    "user": ("activity_logs.actor_id", (ObjectId,)),
    "userRole": ("activity_logs.actor_role", (str,)),
    "userEmail": ("activity_logs.actor_email", (str,)),
    "action": ("activity_logs.action", (str,)),
    "resourceType": ("activity_logs.resource_type", (str,)),
    "resourceId": ("activity_logs.resource_id", (ObjectId,)),
    "method": ("activity_logs.method", (str,)),
    "endpoint": ("activity_logs.endpoint", (str,)),
    "ipAddress": ("activity_logs.address", (str,)),
    "userAgent": ("activity_logs.user_agent", (str,)),
    "status": ("activity_logs.status", (str,)),
    "statusCode": ("activity_logs.status_code", (int,)),
    "description": ("activity_logs.description", (str,)),
    "duration": ("activity_logs.duration_ms", (int, float)),
    "severity": ("activity_logs.severity", (str,)),
}
_NEEDED = frozenset({"_id", "__v", "createdAt", "userRole", "action", "status"})
_TEXTS = ("userEmail", "resourceType", "method", "endpoint", "ipAddress", "userAgent", "description")


@lru_cache(maxsize=1024)
def _plain_claims(names: tuple[str, ...], types: tuple[type, ...]) -> list[Claim] | None:
    """What claims the fields of a plain entry; None where one is missing, unknown or of another type."""
    typed = dict(zip(names, types, strict=True))
    typed.pop("metadata", None)  # whatever it holds, it is looked at by itself
    is_plain = all(name in _PLAIN and kind in _PLAIN[name][1] for name, kind in typed.items())
    if not is_plain or not _NEEDED.issubset(typed):
        return None
    return [Claim((name,), _PLAIN[name][0]) for name in typed]


def _plain_entry(values: dict[str, Any]) -> Parsed | None:
    """An entry as nearly all are: each value as its column wants it, so that there is nothing to find or to repair.

    None for any other: then each field is looked at by itself. That comes to the same for a plain entry as well (a test
    says so), but takes three times as long.
    """
    claims = _plain_claims(tuple(values), tuple(map(type, values.values())))
    if claims is None:
        return None
    get, at, texts = values.get, values["createdAt"], [values[name] for name in _TEXTS if name in values]
    severity, duration, description, address = get("severity"), get("duration"), get("description"), get("ipAddress")
    if not (
        1990 <= at.year < LAST_YEAR
        and get("updatedAt", at) == at
        and values["action"] in ACTIONS
        and values["userRole"] in _ROLES
        and values["status"] in _STATUSES
        and (severity is None or severity in _SEVERITIES)
        and (duration is None or abs(duration) <= 2**53)
        and are_plain(texts)
        and "@" in get("userEmail", "@")
        and "?" not in get("endpoint", "")
        and not (description and without_secrets(description)[1])
    ):
        return None
    parsed = Parsed(str(values["_id"]), claims=claims.copy(), tally=[_LOADED])
    actor, resource = get("user"), get("resourceId")
    single = None if address is None else _single_address(address)
    parsed.rows.append(
        ActivityLogRow(
            legacy_id=parsed.legacy_id,
            occurred_at=at.replace(tzinfo=UTC),
            actor_legacy_id=None if actor is None else str(actor),
            actor_role=values["userRole"],
            actor_email=get("userEmail"),
            action=values["action"],
            resource_type=get("resourceType"),
            resource_id=None if resource is None else str(resource),
            method=get("method"),
            endpoint=get("endpoint"),
            address=single,
            address_text=address if single is None else None,
            user_agent=get("userAgent"),
            status=values["status"],
            status_code=get("statusCode"),
            description=description,
            metadata=_metadata(Field(parsed, ("metadata",), get("metadata"))),
            error_message=None,
            error_stack=None,
            error_code=None,
            duration_ms=None if duration is None else float(duration),
            severity=severity,
        )
    )
    return parsed


def _occurred_at(section: Section, own_id: object) -> datetime | None:
    """``createdAt``; where it is unknown or impossible the time of the ObjectId, which the server made with it."""
    field = section.take("createdAt")
    found = instant(field, "activity_logs.occurred_at")
    if found is None:
        found = time_of_id(own_id)
        if found is not None:
            field.note(rules.TIME_FROM_ID)
    return found


def _updated_at(field: Field, occurred_at: datetime) -> None:
    """Entries do not change; a later time of change is kept with the reason."""
    value = field.value
    if isinstance(value, datetime) and value == occurred_at.replace(tzinfo=None):
        field.claim(f"rule:{rules.SAME_AS_CREATED}")
    else:
        field.set_aside(rules.LOG_CHANGED_LATER)


def _entry(parsed: Parsed, section: Section, occurred_at: datetime) -> ActivityLogRow:
    action = _action(section)
    address, address_text = _address(section)
    error = section.take("error")
    error_parts = Section(error, main="message")
    row = ActivityLogRow(
        legacy_id=parsed.legacy_id,
        occurred_at=occurred_at,
        actor_legacy_id=reference_of(section, "user", "activity_logs.actor_id"),
        actor_role=_required(section, "userRole", "activity_logs.actor_role", _ROLES),
        actor_email=_actor_email(section, action),
        action=action,
        resource_type=text_of(section, "resourceType", "activity_logs.resource_type"),
        resource_id=_resource_id(section),
        method=text_of(section, "method", "activity_logs.method"),
        endpoint=_endpoint(section),
        address=address,
        address_text=address_text,
        user_agent=text_of(section, "userAgent", "activity_logs.user_agent"),
        status=_required(section, "status", "activity_logs.status", _STATUSES),
        status_code=_status_code(section),
        description=_masked(section, "description", "activity_logs.description"),
        metadata=_metadata(section.take("metadata")),
        error_message=_masked(error_parts, "message", "activity_logs.error_message"),
        error_stack=_masked(error_parts, "stack", "activity_logs.error_stack"),
        error_code=text_of(error_parts, "code", "activity_logs.error_code"),
        duration_ms=_duration(section),
        severity=choice_of(section, "severity", "activity_logs.severity", _SEVERITIES),
    )
    if isinstance(error.value, dict):
        error_parts.set_aside_rest()
    return row


def _required(section: Section, name: str, column: str, spellings: dict[str, str]) -> str | None:
    if is_empty(section.peek(name)):
        section.take(name).note(rules.CHOICE_MISSING)
        return None
    return choice_of(section, name, column, spellings)


def _action(section: Section) -> str:
    stated = section.peek("action")
    if isinstance(stated, str) and stated in ACTIONS:
        section.claim("action", "activity_logs.action")
        return stated
    field = section.take("action")
    found = text(field, "activity_logs.action")
    if found is None:
        field.note(rules.ACTION_MISSING)
    elif found not in ACTIONS:
        field.note(rules.ACTION_UNKNOWN)
    return found or ""


def _actor_email(section: Section, action: str) -> str | None:
    """What was typed as address; at a failed sign-in text without '@' may be a password and is not kept."""
    typed = section.peek("userEmail")
    if isinstance(typed, str) and "@" in typed:
        return text_of(section, "userEmail", "activity_logs.actor_email")
    field = section.take("userEmail")
    stated = plain(field.value)
    if stated and stated.strip() and "@" not in stated and action not in ACTIONS - {"user.login.failed"}:
        field.set_aside(rules.POSSIBLE_PASSWORD)
        return None
    return text(field, "activity_logs.actor_email")


def _resource_id(section: Section) -> str | None:
    stored = section.peek("resourceId")
    if isinstance(stored, ObjectId):
        section.claim("resourceId", "activity_logs.resource_id")
        return str(stored)
    field = section.take("resourceId")
    found = text(field, "activity_logs.resource_id")
    if found is None:
        return None
    original = original_of(found)
    field.note(rules.REFERENCE_OF_OLD_SCRIPT if original else rules.RESOURCE_ID_AS_TEXT)
    return original or found


def _endpoint(section: Section) -> str | None:
    """The path; what follows a question mark is kept apart, without its secrets."""
    if "?" not in str(section.peek("endpoint")):
        return text_of(section, "endpoint", "activity_logs.endpoint")
    field = section.take("endpoint")
    found = text(field, "activity_logs.endpoint")
    if found is None or "?" not in found:
        return found
    path, _, query = found.partition("?")
    masked, count = _SECRET_IN_QUERY.subn(r"\1[secret, not kept]", query)
    field.inner(value=masked).note(rules.QUERY_SET_ASIDE)
    if count:
        field.note(rules.SECRET_NOT_KEPT)
    return path


def _address(section: Section) -> tuple[str | None, str | None]:
    """A single address as such; a list of proxies, 'unknown' and the like as the text that was stored."""
    stated = text_of(section, "ipAddress", "activity_logs.address")
    found = None if stated is None else _single_address(stated)
    return (None, stated) if found is None else (found, None)


@lru_cache(maxsize=8192)
def _single_address(stated: str) -> str | None:
    try:
        found = address_of(stated)
    except ValueError:
        return None
    if found.version == 6 and "%" in stated:
        return None  # a zone, which PostgreSQL's inet does not know
    return str(found)


def _status_code(section: Section) -> int | None:
    stored = section.peek("statusCode")
    if type(stored) is int:  # 32 bits, which the column has as well; more would be an Int64
        section.claim("statusCode", "activity_logs.status_code")
        return stored
    field = section.take("statusCode")
    return whole_number(field, "activity_logs.status_code", least=-_WHOLE_NUMBERS, most=_WHOLE_NUMBERS)


def _masked(section: Section, name: str, column: str) -> str | None:
    """Text without tokens or hashes in it."""
    stated = section.peek(name)
    if isinstance(stated, str) and not without_secrets(stated)[1]:
        return text_of(section, name, column, strip=False)
    field = section.take(name)
    found = text(field, column, strip=False)
    if found is None:
        return None
    masked, has_secret = without_secrets(found)
    if has_secret:
        field.note(rules.SECRET_NOT_KEPT)
    return str(masked)


def _metadata(field: Field) -> str | None:
    """Whatever was stored, as canonical extended JSON, without secrets; None where nothing was."""
    if states_nothing(field.value):
        return None
    kept, has_secrets = without_secrets(field.value)
    stored = extended_json(kept)
    field.claim("activity_logs.metadata")
    if has_secrets:
        field.note(rules.SECRET_NOT_KEPT)
    if "\\u0000" in stored:
        field.note(rules.NUL_REMOVED)
        stored = re.sub(r"(?<!\\)((?:\\\\)*)\\u0000", r"\1", stored)
    if UNREADABLE in stored:
        field.note(rules.UNREADABLE_CHARACTERS)
        stored = one_mark_each(stored)
    if _has_unusual_names(field.value):
        field.note(rules.UNUSUAL_NAMES_KEPT)
    return stored


def _has_unusual_names(value: object) -> bool:
    pending = [value]
    while pending:
        inner = pending.pop()
        if isinstance(inner, dict):
            if any(not name or name.startswith("$") or "." in name for name in inner):
                return True
            pending.extend(inner.values())
        elif isinstance(inner, list):
            pending.extend(inner)
    return False


def _duration(section: Section) -> float | None:
    stored = section.peek("duration")
    if isinstance(stored, (int, float)) and type(stored) in {int, float} and abs(stored) <= 2**53:
        section.claim("duration", "activity_logs.duration_ms")
        return float(stored)
    field = section.take("duration")
    found = number(field, "activity_logs.duration_ms", least=-(2**53), most=2**53)
    return None if found is None else float(found)
