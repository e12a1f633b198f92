"""Clean entries of the activity log."""

import random
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.legacy.generator.clinic import OldClinic

_ACTIONS = (
    ("user.login", "user", "POST", "/api/auth/login"),
    ("user.logout", "user", "POST", "/api/auth/logout"),
    ("message.sent", "message", "POST", "/api/conversations/message"),
    ("message.read", "message", "GET", "/api/conversations/messages"),
    ("conversation.created", "conversation", "POST", "/api/conversations"),
    ("diagnosis.created", "conversation", "PUT", "/api/doctor/respond"),
    ("file.downloaded", "file", "GET", "/api/files"),
)
_BROWSER = "Mozilla/5.0 (made up; clinic {}) Engine/{}.0"


def activity_log(clinic: "OldClinic", number: int, chance: random.Random) -> dict[str, Any]:
    """An entry of a patient or a doctor, of the system, or of nobody."""
    moment = clinic.moment("activity_logs", number)
    bits = chance.getrandbits(60)
    action, kind, method, endpoint = _ACTIONS[bits % len(_ACTIONS)]
    who = bits // 7 % clinic.size.users
    fields: dict[str, Any] = {
        "_id": clinic.id_of("activity_logs", number),
        "user": clinic.user(who),
        "userRole": clinic.role(who),
        "userEmail": clinic.email(who),
        "action": action,
        "resourceType": kind,
        "resourceId": clinic.id_of("conversations", bits // 11 % clinic.size.conversations),
        "method": method,
        "endpoint": endpoint,
        "ipAddress": f"10.{bits >> 8 & 255}.{bits >> 16 & 255}.{bits >> 24 & 255}",
        "userAgent": _BROWSER.format(bits % 9, bits % 97),
        "status": "success",
        "statusCode": 200 if bits % 3 else 201,
        "description": "Done by the made-up clinic",
        "duration": bits % 900 if bits % 2 else (bits % 9000) / 10,
        "severity": "info",
        "createdAt": moment,
        "updatedAt": moment,
        "__v": 0,
    }
    if bits % 4 == 0:
        fields["metadata"] = {"conversation": fields["resourceId"], "attempt": bits % 5, "at": moment}
    if bits % 50 == 3:
        for name in ("user", "userEmail", "resourceId", "ipAddress"):
            del fields[name]
        fields |= {"userRole": "system", "action": "system.startup", "resourceType": "system"}
    if bits % 50 == 4:
        del fields["user"]
        fields |= {"userRole": "anonymous", "action": "user.login.failed", "status": "failure", "severity": "warning"}
    return fields
