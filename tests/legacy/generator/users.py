"""Clean accounts with the chart as the previous client wrote it."""

import random
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from tests.bench import words

if TYPE_CHECKING:
    from tests.legacy.generator.clinic import OldClinic

_RELATIONS = ("mother", "father", "sister", "brother", "grandmother", "uncle")
_OPERATIONS = (
    "Appendectomy",
    "Cataract surgery",
    "Hip replacement",
    "Tonsillectomy",
    "Hernia repair",
    "Knee arthroscopy",
)
_VACCINES = ("Tetanus", "Influenza", "Hepatitis B", "Measles, mumps and rubella", "Pneumococcal", "Yellow fever")
_STATED_DATES = ("2015", "April 2019", "2019-04-02", "2008-11-30", "", "around 2003", "2020-02-29")
_HEIGHTS = ("178", "178cm", "1.78 m", "1,65", "5'11\"", "5 ft 4 in", "", "162 cm", "5'7", "181")
_WEIGHTS = ("82", "77kg", "77,5 kg", "170 lbs", "12 st", "", "64.2 kg", "150 lb", "59 kg", "91")
_LANGUAGES = ("English", "Spanish", "French", "German", "Chinese", "Other")
_DAY = timedelta(days=1)


def user(clinic: "OldClinic", number: int, chance: random.Random) -> dict[str, Any]:
    """An account. Doctors and administrators hold the empty lists that Mongoose gave to everybody."""
    role, made = clinic.role(number), clinic.moment("users", number)
    seen = made + timedelta(days=chance.randint(0, 200), milliseconds=chance.randint(0, 10**7))
    fields: dict[str, Any] = {
        "_id": clinic.user(number),
        "email": clinic.email(number),
        "password": clinic.hashes[number % len(clinic.hashes)][1],
        "role": role,
        "firstName": chance.choice(words.FIRST_NAMES),
        "lastName": words.last_name(chance),
        "phone": chance.choice(("", f"+00 555 {number:06}", f"0555/{number:06} ext. 12", f"(0555) {number}")),
        "profilePhoto": f"/uploads/profiles/profile-{number}.jpg" if chance.random() < 0.1 else None,
        "isActive": True,
        "createdAt": made,
        "updatedAt": seen,
        "__v": chance.randint(0, 9),
    }
    if chance.random() < 0.5:
        fields |= {"emailVerified": True, "lastLoginAt": seen}
    if role != "patient":
        fields |= {"preferredLanguage": "English", "allergies": [], "chronicConditions": [], "medicalHistory": []}
        if role == "doctor":
            fields |= {"specialization": "General practice", "licenseNumber": f"OLD-{number:05}"}
        return fields
    return fields | _patient(clinic, number, chance)


def _patient(clinic: "OldClinic", number: int, chance: random.Random) -> dict[str, Any]:
    place = 0

    def own(**said: Any) -> dict[str, Any]:
        nonlocal place
        place += 1
        return {**said, "_id": clinic.id_of("users", number, place)}

    born = datetime(1935, 1, 1) + _DAY * chance.randint(0, 30_000)  # noqa: DTZ001  # BSON's dates have no zone
    return {
        "dateOfBirth": born,
        "gender": chance.choice(("male", "female", "other", "prefer-not-to-say", "")),
        "bloodType": chance.choice(("A+", "A-", "B+", "AB-", "O+", "O-", "")),
        "height": chance.choice(_HEIGHTS),
        "weight": chance.choice(_WEIGHTS),
        "assignedDoctor": clinic.doctor(chance.randint(0, 10**6)),
        "allergies": chance.sample(words.ALLERGENS, chance.choice((0, 0, 1, 1, 2, 3))),
        "currentMedications": _medicines(chance),
        "chronicConditions": [name for name, _ in chance.sample(words.CONDITIONS, chance.choice((0, 0, 1, 2)))],
        "medicalHistory": [
            own(condition=f"{name} in the past", diagnosedDate=born + _DAY * chance.randint(3000, 8000), notes="")
            for name, _ in chance.sample(words.CONDITIONS, chance.choice((0, 1, 2, 4)))
        ],
        "surgicalHistory": [
            own(procedure=name, date=chance.choice(_STATED_DATES), notes="No complications.")
            for name in chance.sample(_OPERATIONS, chance.choice((0, 0, 0, 1)))
        ],
        "familyHistory": [
            own(condition=chance.choice(words.CONDITIONS)[0], relation=relation)
            for relation in chance.sample(_RELATIONS, chance.choice((0, 1, 2, 3)))
        ],
        "immunizations": [
            own(vaccine=name, date=chance.choice(_STATED_DATES))
            for name in chance.sample(_VACCINES, chance.choice((0, 1, 2, 3)))
        ],
        "emergencyContacts": [
            own(name=f"{chance.choice(words.FIRST_NAMES)} {words.last_name(chance)}", relationship=relation,
                phone=f"+00 555 9{number:05}", email="")
            for relation in chance.sample(("spouse", "friend", "neighbour"), chance.choice((0, 1, 1, 2)))
        ],
        "primaryPhysician": chance.choice(("", f"Dr. {words.last_name(chance)}")),
        "pharmacyName": chance.choice(("", "Corner pharmacy")),
        "pharmacyPhone": chance.choice(("", "+00 555 777")),
        "preferredLanguage": chance.choice(_LANGUAGES),
        "insuranceProvider": chance.choice(("", "Good Health Fund")),
        "insurancePolicyNumber": chance.choice(("", f"P-{number}")),
        "insuranceGroupNumber": "",
        "smokingStatus": chance.choice(("never", "former", "current", "")),
        "alcoholConsumption": chance.choice(("none", "occasional", "moderate", "regular", "")),
        "exerciseFrequency": chance.choice(("none", "1-2", "3-4", "5+", "daily", "")),
    }  # fmt: skip


def _medicines(chance: random.Random) -> list[Any]:
    chosen = chance.sample(words.MEDICINES, chance.choice((0, 1, 2, 3)))
    if chance.random() < 0.3:
        return [f"{name} {dose}" for name, dose, _ in chosen]
    return [{"name": name, "dosage": dose, "frequency": often} for name, dose, often in chosen]


def a_month_later(clinic: "OldClinic", number: int, fields: dict[str, Any]) -> None:
    """What changed in an account: another phone, one allergy more, signed in again."""
    fields["phone"] = f"+00 777 {number:06}"
    fields["updatedAt"] = fields["updatedAt"] + timedelta(days=900)
    if clinic.role(number) == "patient":
        fields["allergies"] = [*fields["allergies"], "Kiwi fruit"]
