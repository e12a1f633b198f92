"""The data files that a clinician reviews: complete, consistent, of a readable size."""

from pathlib import Path

import pytest

import conversations.intake
from conversations.intake.concepts import concepts
from conversations.intake.data import load
from conversations.intake.plans import plans
from conversations.intake.red_flags import rules

FOLDER = Path(conversations.intake.__file__).parent


@pytest.mark.parametrize("path", sorted(FOLDER.rglob("*.toml")), ids=lambda path: path.name)
def test_a_content_file_is_short_enough_to_read(path: Path) -> None:
    assert len(path.read_text().splitlines()) < 400


def test_every_rule_says_what_it_is_why_its_version_and_its_source() -> None:
    for rule in rules():
        assert rule.label
        assert rule.why
        assert rule.version
        assert rule.source
        assert rule.urgency in {"emergency", "urgent"}
        assert all(row for row in rule.when)


def test_no_rule_code_stands_twice() -> None:
    codes = [rule.code for rule in rules()]
    assert len(codes) == len(set(codes))


def test_there_are_plans_for_at_least_forty_presentations_and_each_says_where_it_comes_from() -> None:
    presentations = [plan for plan in plans().values() if plan.code != "general"]
    assert len(presentations) >= 40
    assert [plan.code for plan in presentations if not (plan.source and plan.version and plan.matches)] == []


def test_every_presentation_asks_for_its_warning_signs_or_is_one() -> None:
    quiet = {"sleep", "tremor", "menopause", "penis", "medication_request", "general"}
    for plan in plans().values():
        asks = any(topic.startswith("ask:") for topic in plan.questions)
        assert asks or plan.code in quiet, plan.code


def test_every_question_of_a_plan_exists() -> None:
    topics = load("plans/questions.toml")
    for plan in plans().values():
        for topic in plan.questions:
            if topic.startswith("ask:"):
                assert all(concepts()[code].screening for code in topic.removeprefix("ask:").split("+")), topic
            else:
                assert topics[topic]["text"]


def test_a_screening_question_has_few_things_in_it() -> None:
    for plan in plans().values():
        assert all(len(topic.split("+")) <= 4 for topic in plan.questions)
