"""manage.py consult: recorded conversations go through the chat; what cannot be played is named."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from conversations.models import Conversation, Message, Status
from tests.cast import system

COUGH = [
    {"speaker": "doctor", "text": "What brings you here?"},
    {"speaker": "patient", "text": "I have had a bad cough for three days."},
    {"speaker": "doctor", "text": "Any allergies?"},
    {"speaker": "patient", "text": "I am allergic to penicillin."},
]
HEART = [{"speaker": "patient", "text": "I have crushing chest pain going into my left arm and I am sweating."}]


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    """Two recorded conversations and an empty line."""
    path = tmp_path / "recorded.jsonl"
    path.write_text(f"{json.dumps({'id': 'cough', 'turns': COUGH})}\n\n{json.dumps({'id': 'heart', 'turns': HEART})}\n")
    return path


def consult(path: Path, **options: Any) -> str:
    out = StringIO()
    call_command("consult", str(path), stdout=out, stderr=out, **options)
    return out.getvalue()


def saved() -> list[Conversation]:
    with system():
        return list(Conversation.objects.order_by("created_at", "id"))


@pytest.mark.django_db
def test_it_prints_dialogue_urgency_summary_and_findings(recordings: Path) -> None:
    output = consult(recordings)
    assert "Patient:   I have had a bad cough for three days." in output
    assert "Assistant: What is the problem today?" in output
    assert "What brings you here?" not in output
    assert "Chief complaint" in output
    assert "cough (" in output
    assert "Allergies: penicillin" in output
    assert "Urgency: emergency (status awaiting_doctor)" in output
    assert "2 consultations (1 emergency" in output


@pytest.mark.django_db
def test_a_turn_in_which_nothing_was_said_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "silent.jsonl"
    path.write_text(json.dumps({"id": "silent", "turns": [*HEART, {"speaker": "patient", "text": " "}]}) + "\n")
    assert "1 consultations (1 emergency)" in consult(path)


@pytest.mark.django_db
def test_nothing_is_kept_without_save(recordings: Path) -> None:
    assert "Nothing was saved." in consult(recordings)
    assert saved() == []
    with system():
        assert not User.objects.exists()


@pytest.mark.django_db
def test_with_save_each_is_a_case_of_its_own_patient(recordings: Path) -> None:
    consult(recordings, save=True)
    cough, heart = saved()
    assert cough.patient_id != heart.patient_id
    assert heart.status == Status.AWAITING_DOCTOR
    with system():
        said = Message.objects.filter(conversation=cough, sender="patient").order_by("position")
        assert [message.text for message in said] == [turn["text"] for turn in COUGH if turn["speaker"] == "patient"]


@pytest.mark.django_db
def test_with_save_a_recording_that_ends_early_waits_in_the_queue_too(recordings: Path) -> None:
    consult(recordings, save=True)
    assert {case.status for case in saved()} == {Status.AWAITING_DOCTOR}


@pytest.mark.django_db
def test_limit_plays_the_first_only(recordings: Path) -> None:
    output = consult(recordings, limit=1)
    assert "=== cough" in output
    assert "=== heart" not in output


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{not json", "this is not JSON"),
        ("[1, 2]", "there is no list of 'turns'"),
        ('{"id": "x"}', "there is no list of 'turns'"),
        ('{"turns": [{"speaker": "patient"}]}', "each turn needs a 'speaker' and a 'text'"),
        ('{"turns": [{"speaker": "doctor", "text": "Hello"}]}', "the patient says nothing in it"),
        (json.dumps({"turns": [{"speaker": "patient", "text": "x" * 6000}]}), "6,000 characters"),
        (json.dumps({"turns": [{"speaker": "patient", "text": "a\u0000b"}]}), "cannot be shown"),
    ],
)
def test_a_line_that_cannot_be_played_is_named_and_the_others_are_played(
    recordings: Path, line: str, reason: str
) -> None:
    recordings.write_text(f"{line}\n{recordings.read_text()}")
    out = StringIO()
    with pytest.raises(CommandError, match="1 could not be played"):
        call_command("consult", str(recordings), "--save", stdout=out, stderr=out)
    assert f"line 1: {reason}" in out.getvalue() or reason in out.getvalue()
    assert len(saved()) == 2


@pytest.mark.django_db
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"missing\.jsonl cannot be read: No such file"):
        consult(tmp_path / "missing.jsonl")
    (tmp_path / "latin.jsonl").write_bytes(b'{"turns": "\xe9"}\n')
    with pytest.raises(CommandError, match=r"latin\.jsonl is not UTF-8 text"):
        consult(tmp_path / "latin.jsonl")
    (tmp_path / "empty.jsonl").write_text("\n")
    with pytest.raises(CommandError, match="holds no conversation"):
        consult(tmp_path / "empty.jsonl")


@pytest.mark.django_db
def test_a_limit_below_one_is_refused(recordings: Path) -> None:
    with pytest.raises(CommandError, match="at least 1"):
        consult(recordings, limit=0)
