"""A document of ``users``: the account, and the chart that may stand on any role."""

import re
from datetime import datetime

from medichat.legacy.document import Document, UnreadableDocumentError
from medichat.legacy.parse import chart as charts
from medichat.legacy.parse import rules
from medichat.legacy.parse.chart import Chart
from medichat.legacy.parse.dates import civil_day, instant_of
from medichat.legacy.parse.identity import reference, time_of_id
from medichat.legacy.parse.measures import height, weight
from medichat.legacy.parse.parsing import Field, Parsed, Section, Tally, states_nothing
from medichat.legacy.parse.places import place_in_uploads
from medichat.legacy.parse.rows import MedicalInfoRow, UserRow
from medichat.legacy.parse.values import choice, choice_of, known_choice, plain, text, text_of, yes_no
from medichat.legacy.parse.whole import begin, set_aside_whole, unreadable

PATIENT_FIELDS = (
    "gender", "bloodType", "height", "weight", "assignedDoctor", "allergies", "currentMedications",
    "chronicConditions", "primaryPhysician", "pharmacyName", "pharmacyPhone", "preferredLanguage",
    "insuranceProvider", "insurancePolicyNumber", "insuranceGroupNumber", "smokingStatus",
    "alcoholConsumption", "exerciseFrequency",
)  # fmt: skip
"""Section 2.2 of the legacy schema: one of them non-empty makes a row of medical information."""
LANGUAGE_BY_DEFAULT = "English"
ROLES = ("patient", "doctor", "admin")
LONGEST_EMAIL = 255

_BCRYPT = re.compile(r"\$2[aby]\$(?:0[4-9]|[12]\d|3[01])\$[./A-Za-z0-9]{53}", re.ASCII)
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")

_SEXES = {
    **{sex: sex for sex in ("male", "female", "other", "prefer-not-to-say")},
    **dict.fromkeys(("m", "man"), "male"),
    **dict.fromkeys(("f", "w", "woman"), "female"),
    **dict.fromkeys(("prefer not to say", "prefer_not_to_say"), "prefer-not-to-say"),
}
_SIGNS = {
    "+": ("+", "pos", "positive", "rh+", "rh +", "rh pos", "rh positive", "+ve"),
    "-": ("-", "−", "–", "neg", "negative", "rh-", "rh -", "rh neg", "rh negative", "-ve"),
}
_BLOOD_TYPES = {
    f"{group.lower()}{blank}{spelling}": f"{group}{sign}"
    for group in ("A", "B", "AB", "O")
    for sign, spellings in _SIGNS.items()
    for spelling in spellings
    for blank in ("", " ")
}
_SMOKING = {
    **{word: word for word in ("never", "former", "current")},
    **dict.fromkeys(("never smoked", "non-smoker"), "never"),
    **dict.fromkeys(("ex-smoker", "former smoker"), "former"),
    "current smoker": "current",
}
_ALCOHOL = {word: word for word in ("none", "occasional", "moderate", "regular")}
_EXERCISE = {word: word for word in ("none", "1-2", "3-4", "5+", "daily")}


def parse_user(document: Document) -> Parsed:
    """The account and the chart of one document. Never raises; what cannot be taken over is set aside."""
    try:
        parsed, section = begin(document)
    except UnreadableDocumentError:
        return unreadable(document, "users")
    account = _account(parsed, section, time_of_id(document.values.get("_id")))
    parsed.rows.append(account)
    parsed.tally.append(Tally("users", (), "loaded"))
    _chart(parsed, section, account, time_of_id(document.values.get("_id")))
    section.set_aside_rest()
    if "_id" not in document.values:
        return set_aside_whole(parsed, document.values, rules.DOCUMENT_WITHOUT_ID)
    return parsed


def _account(parsed: Parsed, section: Section, made: datetime | None) -> UserRow:
    created_at = instant_of(section, "createdAt", "users.created_at")
    updated_at = instant_of(section, "updatedAt", "users.updated_at")
    role, is_known = _role(section.take("role"))
    is_active = _is_active(section.take("isActive"))
    specialization = section.take("specialization")
    licence = section.take("licenseNumber")
    if role == "doctor" and (states_nothing(specialization.value) or states_nothing(licence.value)):
        licence.note(rules.LICENCE_MISSING)
    return UserRow(
        legacy_id=parsed.legacy_id,
        email=_email(section.take("email")),
        password=_password(section.take("password")),
        role=role,
        first_name=_name(section.take("firstName"), "users.first_name"),
        last_name=_name(section.take("lastName"), "users.last_name"),
        phone=text_of(section, "phone", "users.phone"),
        date_of_birth=civil_day(
            section.take("dateOfBirth"), "users.date_of_birth", not_after=updated_at or created_at or made
        ),
        specialization=text(specialization, "users.specialization", limit=100),
        licence_number=text(licence, "users.licence_number", limit=50),
        is_active=is_active and is_known,
        deactivated_at=instant_of(section, "deactivatedAt", "users.deactivated_at"),
        email_verified=yes_no(section.take("emailVerified"), "users.email_verified") or False,
        last_login=instant_of(section, "lastLoginAt", "users.last_login"),
        photo_path=_photo_path(section.take("profilePhoto")),
        created_at=created_at,
        updated_at=updated_at,
    )


def _photo_path(field: Field) -> str | None:
    found = text(field, "users.photo_path")
    if found is not None and place_in_uploads(found) is None:
        field.note(rules.FILE_PATH_UNSAFE)
    return found


def _role(field: Field) -> tuple[str, bool]:
    """The role, and whether it is known: an unknown one gets the least rights."""
    found = known_choice(field, {role: role for role in ROLES})
    if found is None:
        if field.is_empty:
            field.note(rules.ROLE_UNKNOWN)
        else:
            field.consume(rules.ROLE_UNKNOWN)
        return "patient", False
    field.claim("users.role")
    if found != field.value:
        field.note(rules.ROLE_RESPELLED)
    return found, True


def _is_active(field: Field) -> bool:
    """Absent means active. What is neither yes nor no keeps the account closed until somebody has looked."""
    found = yes_no(field, "users.is_active")
    is_active = found if found is not None else field.is_empty
    if not is_active:
        field.note(rules.ACCOUNT_INACTIVE)
    return is_active


def _email(field: Field) -> str | None:
    stated = plain(field.value)
    if stated is None or not stated.strip("\0 \t\r\n"):
        if field.is_empty:
            field.note(rules.EMAIL_MISSING)
        else:
            field.set_aside(rules.EMAIL_MISSING)
        return None
    if len(stated.strip()) > LONGEST_EMAIL:
        field.set_aside(rules.EMAIL_MISSING, "It is too long.")
        return None
    found = (text(field, "users.email") or "").strip().lower()
    if found != stated:
        field.note(rules.EMAIL_NORMALISED)
    if not _ADDRESS.fullmatch(found):
        field.note(rules.EMAIL_NOT_AN_ADDRESS)
    return found


def _password(field: Field) -> str | None:
    """A bcrypt hash as the hasher for imported accounts expects it; anything else is not kept."""
    if field.is_empty:
        field.note(rules.PASSWORD_MISSING)
        return None
    value = field.value
    if isinstance(value, str) and _BCRYPT.fullmatch(value.strip()):
        field.claim("users.password")
        return f"legacy_bcrypt${value.strip()}"
    field.set_aside(rules.PASSWORD_NOT_KEPT)
    return None


def _name(field: Field, column: str) -> str:
    found = text(field, column, limit=100)
    if found is None:
        field.note(rules.NAME_OF_PERSON_MISSING)
    return found or ""


def _chart(parsed: Parsed, section: Section, account: UserRow, made: datetime | None) -> None:
    seen = account.updated_at or account.created_at or made
    chart = Chart(parsed, seen.date() if seen else None)
    stated = [name for name in PATIENT_FIELDS if not states_nothing(section.peek(name))]
    if account.role != "patient":
        language = section.peek("preferredLanguage")
        if language == LANGUAGE_BY_DEFAULT:
            section.take("preferredLanguage").claim(f"rule:{rules.DEFAULT_LANGUAGE}")
            stated.remove("preferredLanguage")
        if stated:
            section.whole.inner("role", value=account.role).note(rules.DATA_OF_OTHER_ROLE)
    charts.read_allergies(chart, section.take("allergies"))
    charts.read_medications(chart, section.take("currentMedications"))
    charts.read_conditions(chart, section.take("medicalHistory"), section.take("chronicConditions"))
    charts.read_operations(chart, section.take("surgicalHistory"))
    charts.read_relatives(chart, section.take("familyHistory"))
    charts.read_vaccinations(chart, section.take("immunizations"))
    charts.read_contacts(
        chart,
        section.take("emergencyContacts"),
        section.take("emergencyContact"),
        section.take("emergencyContactPhone"),
    )
    if stated:
        parsed.rows.append(_medical_info(chart, section))
        parsed.tally.append(Tally("patient_medical_info", (), "loaded"))
    parsed.rows.extend(chart.rows)


def _medical_info(chart: Chart, section: Section) -> MedicalInfoRow:
    def take(name: str, column: str, limit: int | None = None) -> str | None:
        return text_of(section, name, f"patient_medical_info.{column}", limit=limit)

    lifestyle: list[str] = []
    height_cm, height_text = height(section.take("height"))
    weight_kg, weight_text = weight(section.take("weight"))
    return MedicalInfoRow(
        legacy_id=chart.patient,
        patient_legacy_id=chart.patient,
        sex=choice_of(section, "gender", "patient_medical_info.sex", _SEXES),
        blood_type=choice_of(section, "bloodType", "patient_medical_info.blood_type", _BLOOD_TYPES),
        height_cm=height_cm,
        height_text=height_text,
        weight_kg=weight_kg,
        weight_text=weight_text,
        assigned_doctor_legacy_id=reference(section.take("assignedDoctor"), "patient_medical_info.assigned_doctor"),
        no_known_allergies_on=chart.no_known_allergies_on,
        no_medications_on=chart.no_medications_on,
        no_conditions_on=chart.no_conditions_on,
        primary_physician=take("primaryPhysician", "primary_physician"),
        pharmacy_name=take("pharmacyName", "pharmacy_name"),
        pharmacy_phone=take("pharmacyPhone", "pharmacy_phone"),
        preferred_language=take("preferredLanguage", "preferred_language", 50),
        insurance_provider=take("insuranceProvider", "insurance_provider"),
        insurance_policy_number=take("insurancePolicyNumber", "insurance_policy_number"),
        insurance_group_number=take("insuranceGroupNumber", "insurance_group_number"),
        smoking=_lifestyle(section.take("smokingStatus"), "smoking", _SMOKING, lifestyle),
        alcohol=_lifestyle(section.take("alcoholConsumption"), "alcohol", _ALCOHOL, lifestyle),
        exercise=_lifestyle(section.take("exerciseFrequency"), "exercise", _EXERCISE, lifestyle),
        lifestyle_text="\n".join(lifestyle) or None,
    )


def _lifestyle(field: Field, column: str, spellings: dict[str, str], other: list[str]) -> str | None:
    """One of the choices; any other statement goes to the lifestyle's text."""
    if field.is_empty or known_choice(field, spellings) is not None or plain(field.value) is None:
        return choice(field, f"patient_medical_info.{column}", spellings)
    stated = text(field, "patient_medical_info.lifestyle_text")
    if stated:
        other.append(f"{column.capitalize()}: {stated}")
        field.note(rules.LIFESTYLE_AS_TEXT)
    return None
