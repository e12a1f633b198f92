"""Whether the patient is pregnant, as far as the chart or the latest consultation says, and when that was said."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils import timezone

from accounts.models import User
from conversations.intake.assessment import understand
from conversations.intake.findings import Mention
from conversations.interview import Interview
from conversations.models import Conversation
from records.models import MedicalHistory

YOUNGEST, OLDEST = 10, 60
"""Ages in completed years outside of which nothing is looked for."""
CONDITIONS_READ = 200
LASTS = timedelta(weeks=42)
"""A statement that somebody is pregnant counts this long: 40 weeks and two more."""
DENIED_FOR = timedelta(days=14)
"""A statement that somebody is not pregnant counts this long only."""
# ICD-10-CM: O00 to O9A are pregnancy and childbirth, Z33 and Z34 pregnant state and its supervision, Z3A the week.
_CODE = re.compile(r"O[0-9]|Z33|Z34|Z3A")
# Said in a diagnosis of nobody who is pregnant: a test, an earlier one, the time after birth.
_WORDS = re.compile(r"\bpregnan(?:t|cy)\b", re.IGNORECASE)
_NOT_NOW = re.compile(r"\b(?:not|no|negative|previous|earlier|history|past|former|ended|after|post)\b", re.IGNORECASE)
_AFTER_BIRTH = re.compile(r"O(?:8[5-9]|9[0-4])|Z33\.2|Z39")


@dataclass(frozen=True)
class Pregnancy:
    """What is known: yes, no, or None where nobody said; ``evidence`` says where it stands and from when it is."""

    pregnant: bool | None = None
    evidence: str = ""


def pregnancy_of(patient: User, *, by: User) -> Pregnancy:
    """What the standing conditions of the chart say, else the latest consultation, as far as ``by`` may see them."""
    age = patient.age()
    if age is not None and not YOUNGEST <= age <= OLDEST:
        return Pregnancy()
    history = MedicalHistory.objects.visible_to(by).of_patient(patient).standing()
    return _on_chart(list(history[:CONDITIONS_READ])) or _in_consultation(patient, by=by) or Pregnancy()


def _on_chart(history: Sequence[MedicalHistory]) -> Pregnancy | None:
    today = timezone.localdate()
    for entry in history:
        code = entry.icd10_code or ""
        by_code = bool(_CODE.match(code)) and not _AFTER_BIRTH.match(code)
        by_words = not code and bool(_WORDS.search(entry.condition)) and not _NOT_NOW.search(entry.condition)
        told = entry.diagnosed_on or (timezone.localdate(entry.created_at) if entry.created_at else None)
        over = entry.resolved_on is not None or entry.is_active is False
        if (by_code or by_words) and not over and told is not None and told + LASTS >= today:
            return Pregnancy(pregnant=True, evidence=f"On the chart: {entry.condition}, {_day(told)}")
    return None


def _in_consultation(patient: User, *, by: User) -> Pregnancy | None:
    cases = Conversation.objects.visible_to(by).filter(patient=patient, submitted_at__isnull=False)
    latest = cases.order_by("-submitted_at", "-id").first()
    if latest is None or latest.submitted_at is None:
        return None
    told = timezone.localdate(latest.submitted_at)
    age = timezone.localdate() - told
    if age > LASTS:
        return None
    interview = Interview.of(latest, patient)
    state = understand(interview.turns, age=interview.age, sex=interview.sex).reading.states.get("pregnant")
    if state is None:
        return None
    if state.is_present:
        return Pregnancy(pregnant=True, evidence=_told(state.present, told))
    if state.denied and age <= DENIED_FOR:
        return Pregnancy(pregnant=False, evidence=_told(state.denied, told))
    return None


def _told(mentions: Sequence[Mention], told: date) -> str:
    return f"Told in the consultation of {_day(told)}: “{mentions[-1].quote.text}”"


def _day(day: date) -> str:
    return f"{day:%d-%b-%Y}"
