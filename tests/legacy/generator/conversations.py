"""Clean visits: what was said, symptoms, files, the answer and its prescriptions."""

import random
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from tests.bench import words

if TYPE_CHECKING:
    from tests.legacy.generator.clinic import OldClinic

_LONG = 400
_SUMMARY = "**Chief complaint**\n{complaint} ({where})\n\n**History**\n{said}"
_SEVERITIES = ("mild", "moderate", "severe", "8/10", "Severe", "7-8", "very bad", "", "moderate to severe")


def conversation(clinic: "OldClinic", number: int, chance: random.Random) -> dict[str, Any]:
    """A visit; three of four are answered, and one in a thousand is very long."""
    began = clinic.moment("conversations", number)
    patients = clinic.size.users - clinic.doctors - clinic.admins
    complaint, where = chance.choice(words.COMPLAINTS)
    standing = chance.choice(("doctor_responded", "doctor_responded", "closed", "awaiting_doctor", "in_progress"))
    if number % 10 == 0:
        standing = "doctor_responded"
    ended = began + timedelta(minutes=chance.randint(5, 40))
    messages = _messages(clinic, number, chance, began)
    own = _Own(clinic, number, len(messages))
    fields: dict[str, Any] = {
        "_id": clinic.id_of("conversations", number),
        "patient": clinic.patient(number),
        "visitNumber": 1 + number // patients,
        "status": standing,
        "messages": messages,
        "symptoms": [
            own(symptom=complaint if place == 0 else f"{complaint} {place}", location=where, duration="three days",
                severity=chance.choice(_SEVERITIES), notes="")
            for place in range(chance.choice((0, 1, 1, 2)))
        ],
        "attachments": [_attachment(own, chance, began)] if chance.random() < 0.2 else [],
        "doctorResponse": {"prescriptions": []},
        "aiSummary": "",
        "patientNotified": False,
        "archivedByPatient": chance.random() < 0.1,
        "archivedByDoctor": False,
        "createdAt": began,
        "updatedAt": ended,
        "__v": len(messages),
    }  # fmt: skip
    if standing != "in_progress":
        said = messages[1]["content"]
        fields |= {
            "aiSummary": _SUMMARY.format(complaint=complaint, where=where, said=said),
            "conversationEndedAt": ended,
        }
    if standing in {"doctor_responded", "closed"}:
        fields |= {
            "doctor": clinic.doctor(number * 7),
            "doctorResponse": _answer(own, chance, ended, complaint),
            "patientNotified": standing == "doctor_responded",
            "archivedByDoctor": chance.random() < 0.1,
        }
    return fields


class _Own:
    """Gives the elements of one visit their ids."""

    def __init__(self, clinic: "OldClinic", number: int, given: int) -> None:
        self._clinic, self._number, self._given = clinic, number, given

    def __call__(self, **said: Any) -> dict[str, Any]:
        self._given += 1
        return {**said, "_id": self._clinic.id_of("conversations", self._number, self._given)}


def _messages(clinic: "OldClinic", number: int, chance: random.Random, began: datetime) -> list[dict[str, Any]]:
    count = max(8, clinic.size.messages + chance.randint(-7, 7))
    if number % 1000 == 7:
        count = _LONG
    base = clinic.id_of("conversations", number, 1).binary
    pause = timedelta(milliseconds=chance.randint(4_000, 60_000))
    messages = []
    for position in range(count):
        is_question = position % 2 == 0
        text = (
            words.QUESTIONS[position // 2 % len(words.QUESTIONS)][1]
            if is_question
            else f"{clinic.sentences[chance.getrandbits(30) % len(clinic.sentences)]} ({position})"
        )
        messages.append(
            {
                "role": "assistant" if is_question else "user",
                "content": text,
                "timestamp": began + pause * position,
                "_id": type(clinic.user(0))(base[:10] + (position + 1).to_bytes(2, "big")),
            }
        )
    return messages


def _attachment(own: _Own, chance: random.Random, began: datetime) -> dict[str, Any]:
    name = f"file-{chance.randint(10**12, 10**13)}-{chance.randint(0, 10**9)}.jpg"
    return own(
        filename=name,
        originalName="photo of my arm.jpg",
        path=f"uploads/{name}",
        fileType="image/jpeg",
        uploadDate=began,
    )


def _answer(own: _Own, chance: random.Random, ended: datetime, complaint: str) -> dict[str, Any]:
    medicines = chance.sample(words.MEDICINES, chance.choice((0, 1, 1, 2, 3)))
    return {
        "diagnosis": f"<p>Probably harmless {complaint}</p>",
        "recommendations": "Rest, drink enough, come back if it gets worse.",
        "referrals": "",
        "notes": chance.choice(("", "", "Ask again about sleep.")),
        "callToOffice": chance.random() < 0.2,
        "respondedAt": ended + timedelta(minutes=chance.randint(10, 5000)),
        "prescriptions": [
            own(medication=f"{name} {dose}", dosage=dose, frequency=often, duration="10 days")
            for name, dose, often in medicines
        ],
    }


def a_month_later(clinic: "OldClinic", number: int, fields: dict[str, Any]) -> None:
    """What changed in a visit: one more message, and the patient put it away."""
    messages = fields["messages"]
    messages.append(
        {
            "role": "user",
            "content": "I feel better now, thank you.",
            "timestamp": messages[-1]["timestamp"] + timedelta(days=900),
            "_id": clinic.id_of("conversations", number, 30_000),
        }
    )
    fields["archivedByPatient"] = True
    fields["updatedAt"] = fields["updatedAt"] + timedelta(days=900)
