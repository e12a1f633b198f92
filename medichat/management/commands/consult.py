"""Plays recorded conversations through the code path of the page and shows what the intake makes of them."""

import json
import uuid
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from accounts.models import User
from conversations import chat, intake
from conversations.forms import MessageForm
from conversations.interview import Interview
from conversations.models import Conversation, RedFlag, Symptom, Urgency
from medichat.db.base import new_id
from medichat.db.context import acting_as, system


@dataclass(frozen=True)
class Recording:
    """What the patient said in one recorded conversation."""

    name: str
    lines: list[str]


class UnreadableLineError(ValueError):
    """A line of the file, or what a patient says in it, that cannot be played."""


class Command(BaseCommand):
    """``manage.py consult FILE``: see the help text."""

    help = (
        "Play the patient's lines of recorded conversations (JSON Lines with 'turns' of 'speaker' and 'text') through "
        "the chat, and print the dialogue, the urgency, the summary and the structured findings. Everything is rolled "
        "back unless --save is given."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the file and the options."""
        parser.add_argument("file", type=Path, help="JSON Lines, one conversation on each line")
        parser.add_argument(
            "--save", action="store_true", help="leave the cases in the queue, a fresh patient for each"
        )
        parser.add_argument("--limit", type=int, metavar="N", help="play the first N conversations only")

    def handle(self, *args: Any, **options: Any) -> None:
        """Play them all; a line that cannot be played is named, and the command then ends with status 1."""
        limit: int | None = options["limit"]
        if limit is not None and limit < 1:
            raise CommandError("--limit must be at least 1.")
        counts: Counter[str] = Counter()
        failures = 0
        for number, line in self._lines(options["file"]):
            if limit is not None and sum(counts.values()) + failures >= limit:
                break
            try:
                counts[self._play(recording_of(line, number), save=options["save"])] += 1
            except UnreadableLineError as error:
                failures += 1
                self.stderr.write(f"{options['file']}, line {number}: {error}")
        self._conclude(counts, failures, saved=options["save"])

    def _lines(self, path: Path) -> Iterator[tuple[int, str]]:
        try:
            with path.open(encoding="utf-8") as file:
                for number, line in enumerate(file, start=1):
                    if line.strip():
                        yield number, line
        except OSError as error:
            raise CommandError(f"{path} cannot be read: {error.strerror}.") from error
        except UnicodeDecodeError as error:
            raise CommandError(f"{path} is not UTF-8 text (byte {error.start}).") from error

    def _play(self, recording: Recording, *, save: bool) -> str:
        """One conversation in a transaction of its own; returns its urgency."""
        with transaction.atomic():
            with system():
                patient = User.objects.create_user(
                    f"recorded-{new_id()}@example.org", first_name="Recorded", last_name=recording.name[:100]
                )
            with acting_as(patient):
                self._say(f"\n=== {recording.name} " + "=" * max(3, 90 - len(recording.name)))
                conversation = chat.open_consultation(patient)
                for message in Interview.of(conversation, patient).messages:
                    self._say_as("Assistant", message.text)
                for line in recording.lines:
                    self._exchange(conversation, line, patient)
                # A patient who says nothing more has the case sent as it is.
                chat.send_now(conversation, by=patient)
                self._findings(conversation, patient)
            urgency = conversation.urgency or ""
            if not save:
                transaction.set_rollback(True)
        return urgency

    def _exchange(self, conversation: Conversation, line: str, patient: User) -> None:
        form = MessageForm({"text": line, "client_token": uuid.uuid4()})
        if not form.is_valid():
            reasons = " ".join(str(error) for errors in form.errors.values() for error in errors)
            raise UnreadableLineError(f"the chat refuses what the patient says: {reasons}")
        self._say_as("Patient", form.cleaned_data["message"])
        exchange = chat.say(
            conversation, form.cleaned_data["message"], client_token=form.cleaned_data["client_token"], by=patient
        )
        for reply in exchange.replies:
            self._say_as("Assistant", reply.text)

    def _findings(self, conversation: Conversation, patient: User) -> None:
        interview = Interview.of(conversation, patient)
        assessment = intake.assess(interview.turns, age=interview.age, sex=interview.sex)
        self._say(f"\nUrgency: {conversation.urgency} (status {conversation.status})")
        for reason in assessment.reasons:
            self._say(f"  because {reason.text} [{reason.code}] “{reason.evidence}”")
        for flag in RedFlag.objects.visible_to(patient).filter(conversation=conversation):
            self._say(f"  red flag {'(emergency) ' if flag.is_emergency else ''}{flag.label}: “{flag.evidence}”")
        self._say(f"\n{conversation.summary}\n\nSymptoms")
        for symptom in Symptom.objects.visible_to(patient).filter(conversation=conversation):
            self._say(f"  {described(symptom)}")
        for title, stated in (
            ("Medications", assessment.medications),
            ("Allergies", assessment.allergies),
            ("History", assessment.history),
        ):
            self._say(f"{title}: {listed(stated)}")

    def _conclude(self, counts: Counter[str], failures: int, *, saved: bool) -> None:
        levels = ", ".join(f"{counts[level]} {level}" for level in Urgency.values if counts[level])
        kept = "They wait in the queue." if saved else "Nothing was saved."
        self._say(f"\n{sum(counts.values())} consultations ({levels or 'none'}). {kept if counts else ''}".rstrip())
        if failures:
            raise CommandError(f"{failures} could not be played; the reasons stand above.")
        if not counts:
            raise CommandError("The file holds no conversation.")

    def _say_as(self, who: str, text: str) -> None:
        self._say(f"{who + ':':<11}{text.replace(chr(10), chr(10) + ' ' * 11)}")

    def _say(self, text: str) -> None:
        self.stdout.write(text)


def recording_of(line: str, number: int) -> Recording:
    """Read one line of the file. Raises UnreadableLineError saying what is wrong with it."""
    try:
        document = json.loads(line)
    except ValueError as error:
        raise UnreadableLineError(f"this is not JSON ({error}).") from error
    turns = document.get("turns") if isinstance(document, dict) else None
    if not isinstance(turns, list):
        raise UnreadableLineError("there is no list of 'turns'.")
    lines = []
    for turn in turns:
        if not isinstance(turn, dict) or not isinstance(turn.get("text"), str) or "speaker" not in turn:
            raise UnreadableLineError("each turn needs a 'speaker' and a 'text'.")
        # A recording may have a turn in which nothing was said; a patient at the form cannot send one.
        if turn["speaker"] == "patient" and turn["text"].strip():
            lines.append(turn["text"])
    if not lines:
        raise UnreadableLineError("the patient says nothing in it.")
    return Recording(str(document.get("id") or f"line {number}"), lines)


def described(symptom: Symptom) -> str:
    """A symptom with its details on one line."""
    score = f"{symptom.severity_score}/10" if symptom.severity_score is not None else symptom.severity
    details = {
        "where": symptom.location,
        "severity": score,
        "since": symptom.duration,
        "onset": symptom.onset,
        "character": symptom.character,
    }
    known = "; ".join(f"{name} {value}" for name, value in details.items() if value)
    name = f"denied: {symptom.symptom}" if symptom.is_denied else symptom.symptom
    return f"{name}{f' ({known})' if known else ''} “{symptom.evidence}”"


def listed(stated: Sequence[intake.Stated] | None) -> str:
    """What was stated: not mentioned, explicitly none, or the list."""
    if stated is None:
        return "not mentioned"
    return "; ".join(f"{item.name} {item.detail}".strip() for item in stated) or "none, as stated"
