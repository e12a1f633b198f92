"""Arbitrary documents: any BSON under any name, with a liking for the names and shapes that the parsers know."""

from datetime import datetime
from typing import Any

import bson
from bson import Binary, Code, Decimal128, Int64, MaxKey, MinKey, ObjectId, Regex, Timestamp
from bson.datetime_ms import DatetimeMS
from hypothesis import strategies as st

NAMES = [
    "_id", "__v", "email", "password", "role", "firstName", "lastName", "phone", "dateOfBirth", "profilePhoto",
    "specialization", "licenseNumber", "createdAt", "updatedAt", "isActive", "emailVerified", "lastLoginAt",
    "emergencyContact", "emergencyContactPhone", "gender", "bloodType", "height", "weight", "assignedDoctor",
    "allergies", "currentMedications", "chronicConditions", "primaryPhysician", "preferredLanguage", "smokingStatus",
    "medicalHistory", "surgicalHistory", "familyHistory", "immunizations", "emergencyContacts", "condition", "notes",
    "diagnosedDate", "procedure", "date", "relation", "vaccine", "name", "relationship", "dosage", "frequency",
    "allergen", "reaction", "severity", "patient", "doctor", "visitNumber", "status", "aiSummary", "patientNotified",
    "archivedByPatient", "archivedByDoctor", "conversationEndedAt", "summary", "chiefComplaint", "messages", "content",
    "timestamp", "symptoms", "symptom", "location", "duration", "attachments", "filename", "originalName", "path",
    "fileType", "mimeType", "uploadDate", "doctorResponse", "diagnosis", "recommendations", "referrals",
    "callToOffice", "respondedAt", "prescriptions", "medication", "user", "userRole", "userEmail", "action",
    "resourceType", "resourceId", "method", "endpoint", "ipAddress", "userAgent", "statusCode", "description",
    "metadata", "error", "message", "stack", "code", "token", "$ref", "$id",
]  # fmt: skip
WORDS = [
    "", " ", "\0", "none", "NKDA", "unknown", "n/a", "Penicillin", "penicillin ", "Penicillin, latex; nuts", "patient",
    "doctor", "Admin", "English", "2015", "2015-03-01", "04/10/2022", "31.12.1999", "April 2019",
    "9999-12-31T23:59:59Z",
    "Wed Jan 01 2020 00:00:00 GMT+0100 (CET)", "0001-01-01T00:00:00+23:59", "5'11\"", "1,78", "170 lbs", "NaN", "1e400",
    "user", "bot", "8/10", "Severe", "doctor_responded", "doctor-responded", "../../etc/passwd", "<script>x</script>",
    "[]", "[1", '["a", {"condition": "Asthma"}]', '{"$oid": "x"}', '[{"name": "A\\u0000", "_id": 3}]', "Å¾ila.pdf",
    "/a?token=1&b=2", "Bearer abcdefghijkl", "603c37d98a1c561214fa7ec0", "$2a$10$" + "a" * 53, "x" * 400,
    "\ufffd(\ufffd",
    "::1", "fe80::1%eth0", "a" * 300 + "@example.org",
]  # fmt: skip

texts = st.one_of(st.sampled_from(WORDS), st.text(max_size=30))
scalars = st.one_of(
    texts,
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1).map(Int64),
    st.integers(-(2**31), 2**31 - 1),
    st.floats(),
    st.sampled_from([Decimal128("176"), Decimal128("NaN"), Decimal128("1E+6000"), Decimal128("0.1")]),
    st.datetimes(min_value=datetime(1, 1, 1), max_value=datetime(9999, 12, 31)),  # noqa: DTZ001  # BSON has no zones
    st.integers(-(2**62), 2**62).map(DatetimeMS),
    st.binary(min_size=12, max_size=12).map(ObjectId),
    st.binary(max_size=5),
    st.sampled_from(
        [Binary(b"x" * 16, 4), Code("x", {"a": 1}), Code("x"), Regex("a", "i"), Timestamp(1, 2), MinKey(), MaxKey()]
    ),
)
names = st.one_of(st.sampled_from(NAMES), st.text(max_size=8).map(lambda name: name.replace("\0", "")))
values: st.SearchStrategy[Any] = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(names, inner, max_size=5)),
    max_leaves=12,
)
LISTS = [
    "allergies", "currentMedications", "chronicConditions", "medicalHistory", "surgicalHistory", "familyHistory",
    "immunizations", "emergencyContacts", "messages", "symptoms", "attachments",
]  # fmt: skip
entries = st.dictionaries(st.sampled_from(NAMES), scalars, max_size=6)
lists = st.lists(st.one_of(entries, entries, values), max_size=4)
documents = st.builds(
    lambda anything, listed, prescribed: {
        **anything,
        **listed,
        **({} if prescribed is None else {"doctorResponse": prescribed}),
    },
    st.dictionaries(names, values, max_size=10),
    st.dictionaries(st.sampled_from(LISTS), lists, max_size=4),
    st.one_of(st.none(), st.builds(lambda said, given: {**said, "prescriptions": given}, entries, lists)),
)


@st.composite
def raw_documents(draw: st.DrawFn) -> bytes:
    """BSON of an arbitrary document; now and then with a field stored twice or text that is no UTF-8."""
    fields = draw(documents)
    if draw(st.booleans()):
        fields = {"_id": draw(st.binary(min_size=12, max_size=12).map(ObjectId)), **fields}
    raw = bson.encode(fields)
    if draw(st.integers(0, 4)) == 0:
        body = raw[4:-1] + bson.encode(draw(documents))[4:-1]
        raw = (len(body) + 5).to_bytes(4, "little") + body + b"\0"
    if draw(st.integers(0, 4)) == 0:
        raw = raw.replace(b"Penicillin", b"Peni\xff\xfe(\xffn").replace(b"content", b"con\xffent")
    return raw
