"""What to ask next: one thing at a time, nothing that was said, and an end.

At a first visit at most ten questions, the opening included; at a return visit seven. An emergency ends the questions
at once, so that the case reaches the queue.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from conversations.intake import concepts as lexicon
from conversations.intake import plans
from conversations.intake.assessment import Understanding, understand
from conversations.intake.context import phrase_in
from conversations.intake.data import load
from conversations.intake.model import (
    ChartFacts,
    Finished,
    LastVisit,
    Question,
    QuestionKind,
    QuickAnswer,
    Symptom,
    Turn,
)
from conversations.intake.red_flags import Person

FIRST_VISIT_LIMIT = 10
RETURN_VISIT_LIMIT = 7
_BACKGROUND = ("allergies", "medications", "history")
_ONLY_TRIED = frozenset({"tried", "allergies", "treatment_effect"})
"""Questions whose answers name a medicine without being asked for all of them."""
_FEW_WORDS = 3
_QUOTED = 160


def _table() -> dict[str, Any]:
    return load("plans/questions.toml")


def opening(*, first_visit: bool = True, last_visit: LastVisit | None = None) -> Question:
    """The first question; at a return visit it starts from the last complaint in the patient's own words."""
    if first_visit or last_visit is None or not last_visit.complaint.strip():
        return _question("opening", _table()["opening"]["text"], "opening")
    complaint = " ".join(last_visit.complaint.split())
    if len(complaint) > _QUOTED:
        complaint = complaint[:_QUOTED].rsplit(" ", 1)[0] + " …"
    treatment = " ".join(last_visit.treatment.split()).rstrip(".")
    text = _table()["opening_return"]["text"].format(
        date=f" ({last_visit.date:%d-%b-%Y})" if last_visit.date else "",
        complaint=complaint,
        treatment=f" The treatment was: {treatment}." if treatment else "",
    )
    return _question("opening", text, "opening_return")


def next_step(
    turns: Sequence[Turn],
    *,
    age: int | None = None,
    sex: str | None = None,
    first_visit: bool = True,
    on_chart: ChartFacts | None = None,
    last_visit: LastVisit | None = None,
    questions_asked: int = 0,
) -> Question | Finished:
    """The next question, or the end. `questions_asked` counts the opening; pure, the same for the same input."""
    if questions_asked == 0 or not any(turn.speaker == "patient" for turn in turns):
        return opening(first_visit=first_visit, last_visit=last_visit)
    limit = FIRST_VISIT_LIMIT if first_visit else RETURN_VISIT_LIMIT
    understood = understand(turns, age=age, sex=sex)
    if understood.assessment.urgency == "emergency":
        return Finished("emergency", _table()["finished"]["emergency"])
    if questions_asked >= limit:
        return Finished("limit", _table()["finished"]["limit"])
    pending = _pending(understood, turns, first_visit, on_chart or ChartFacts(), last_visit)
    for question in _within(pending, limit - questions_asked):
        return question
    return Finished("enough", _table()["finished"]["enough"])


def remaining_estimate(
    turns: Sequence[Turn],
    *,
    age: int | None = None,
    sex: str | None = None,
    first_visit: bool = True,
    on_chart: ChartFacts | None = None,
    last_visit: LastVisit | None = None,
    questions_asked: int = 0,
) -> int:
    """About how many questions are left, the next one included; never more than the limit allows."""
    limit = FIRST_VISIT_LIMIT if first_visit else RETURN_VISIT_LIMIT
    if questions_asked >= limit:
        return 0
    understood = understand(turns, age=age, sex=sex)
    if understood.assessment.urgency == "emergency":
        return 0
    pending = _pending(understood, turns, first_visit, on_chart or ChartFacts(), last_visit)
    opening_itself = 0 if questions_asked else 1
    return opening_itself + len(_within(pending, limit - questions_asked - opening_itself))


def _within(pending: Sequence[Question], room: int) -> list[Question]:
    """As many questions as there is room for; allergies, medicines and history keep their places."""
    # Which of several signs a yes meant comes before everything.
    which = [question for question in pending if question.topic.startswith("which:")]
    background = [question for question in pending if question.topic in _BACKGROUND]
    concerns = [question for question in pending if question.topic == "concerns"]
    complaint = [question for question in pending if question not in (*which, *background, *concerns)]
    chosen = [*which, *complaint[: max(0, room - len(which) - len(background))], *background]
    return [*chosen, *concerns][:room]


def _pending(
    understood: Understanding,
    turns: Sequence[Turn],
    first_visit: bool,
    on_chart: ChartFacts,
    last_visit: LastVisit | None,
) -> list[Question]:
    """Everything still worth asking, in order."""
    asked = {turn.topic for turn in turns if turn.speaker == "assistant" and turn.topic}
    plan = understood.plan
    questions: list[Question] = list(_which(understood))
    if not first_visit and last_visit is not None and last_visit.complaint.strip():
        questions.extend(_about_last_visit(understood, asked, last_visit))
        if not _new_problem(understood) and not _opening_names_a_complaint(turns):
            plan = understand([Turn("patient", last_visit.complaint)]).plan
    if not questions and "clarify" not in asked and _unclear(understood):
        questions.append(_question("clarify", _table()["clarify"]["text"], "clarify"))
    seen: set[str] = set()
    for topic in plan.questions:
        if topic == "clarify":
            continue
        question = _ask(topic, understood, asked, seen) if topic.startswith("ask:") else None
        if question is None and not topic.startswith("ask:") and topic not in asked and not _known(topic, understood):
            question = _standard(topic, understood, plan)
        if question is not None:
            questions.append(question)
    questions.extend(_background(understood, asked, on_chart))
    return questions


def _which(understood: Understanding) -> Iterator[Question]:
    """'Yes' to a question with several things in it: ask once which."""
    read = understood.reading.read
    if not read or read[-1].answer != "yes" or not (read[-1].topic or "").startswith("ask:"):
        return
    codes = [code for code in (read[-1].topic or "").removeprefix("ask:").split("+") if code in lexicon.concepts()]
    if len(codes) > 1 and not any(understood.reading.has(code) for code in codes):
        text = _table()["which"]["text"]
        options = (*_options(codes), QuickAnswer("I don't know", "I don't know"))
        yield Question("which:" + "+".join(codes), text, options, "choice")


def _about_last_visit(understood: Understanding, asked: set[str], last_visit: LastVisit) -> Iterator[Question]:
    """Did the treatment help, side effects, anything new: unless the patient came with something else."""
    if _new_problem(understood):
        return
    words = [word for read in understood.reading.read for sentence in read.sentences for word in sentence.words()]
    treated = bool(last_visit.treatment.strip())
    if treated and "treatment_effect" not in asked and not phrase_in(words, _table()["words"]["effect"]):
        yield _standard("treatment_effect", understood)
    reading = understood.reading
    told = reading.has("medication_side_effect") or reading.denies("medication_side_effect")
    if treated and "side_effects" not in asked and not told:
        yield _standard("side_effects", understood)
    if "new_symptoms" not in asked and not any(not symptom.denied for symptom in _named(understood)):
        yield _standard("new_symptoms", understood)


def _opening_names_a_complaint(turns: Sequence[Turn]) -> bool:
    """Whether the first answer of a return visit is itself about something the plans know."""
    first = next((turn for turn in turns if turn.speaker == "patient"), None)
    return first is not None and understand([first]).plan.code != "general"


def _named(understood: Understanding) -> list[Symptom]:
    return [symptom for symptom in understood.assessment.symptoms if symptom.code != "unnamed"]


def _new_problem(understood: Understanding) -> bool:
    words = [word for read in understood.reading.read for sentence in read.sentences for word in sentence.words()]
    return phrase_in(words, _table()["words"]["new_problem"])


def _unclear(understood: Understanding) -> bool:
    """Whether nothing was understood yet and the patient wrote only a few words."""
    if understood.main or understood.plan.code != "general":
        return False
    return len(understood.assessment.complaint.split()) <= _FEW_WORDS


def _known(topic: str, understood: Understanding) -> bool:
    """Whether the patient has said it of the main symptom already."""
    main = next((symptom for symptom in understood.assessment.symptoms if not symptom.denied), None)
    if main is None:
        return False
    # A rash and its itching began together: what was said of one of a complaint's symptoms need not be asked again.
    plan = understood.plan
    together = [symptom for symptom in understood.assessment.symptoms if symptom.code in plan.matches] or [main]
    known: dict[str, object] = {
        "onset": any(symptom.duration for symptom in (main, *together)),
        "location": any(symptom.location for symptom in (main, *together)),
        "character": main.character,
        "radiation": main.radiation,
        "timing": main.timing,
        "changes": main.aggravating or main.relieving,
        "severity": main.severity_score is not None or main.severity,
        "which_medicine": understood.assessment.medications,
        "how_it_happened": understood.reading.has("injury") and understood.reading.denies("injury"),
    }
    return bool(known.get(topic))


def _ask(topic: str, understood: Understanding, asked: set[str], seen: set[str]) -> Question | None:
    """A question for what the lexicon names, without what is known, asked or not for this person."""
    before = {code for earlier in asked if earlier.startswith("ask:") for code in earlier[4:].split("+")}
    codes = [
        code
        for code in topic.removeprefix("ask:").split("+")
        if code not in before
        and code not in seen
        and not understood.reading.has(code)
        and not understood.reading.denies(code)
        and _applies(code, understood.person)
    ]
    if not codes:
        return None
    seen.update(codes)
    table = _table()
    if len(codes) == 1:
        text = table["ask_wording"].get(codes[0]) or table["ask"]["one"].format(thing=_screening(codes[0]))
        answers = ("Yes", "No", "I don't know")
        return Question(f"ask:{codes[0]}", text, tuple(QuickAnswer(answer, answer) for answer in answers), "yes_no")
    things = [_screening(code) for code in codes]
    listed = ", ".join(things[:-1]) + " or " + things[-1]
    none = QuickAnswer(table["ask"]["none"], table["ask"]["none"])
    options = (*_options(codes), none, QuickAnswer("I don't know", "I don't know"))
    return Question("ask:" + "+".join(codes), table["ask"]["several"].format(things=listed), options, "choice")


def _options(codes: Sequence[str]) -> tuple[QuickAnswer, ...]:
    labels = [_screening(code) for code in codes]
    return tuple(QuickAnswer(label[0].upper() + label[1:], "Yes, " + label) for label in labels)


def _screening(code: str) -> str:
    concept = lexicon.concepts()[code]
    return concept.screening or concept.label


def _applies(code: str, person: Person) -> bool:
    """Whether the question is meant for somebody of this sex and age; what is not known does not exclude."""
    rule = _table()["only_for"].get(code)
    if rule is None:
        return True
    if "sex" in rule and person.sex is not None and person.sex != rule["sex"]:
        return False
    return person.months is None or bool(rule["from"] <= person.months / 12 <= rule["to"])


def _standard(topic: str, understood: Understanding, plan: plans.Plan | None = None) -> Question:
    """A question of the list; it names the symptom when that is what the plan is about."""
    main = lexicon.concepts().get(understood.main)
    symptom = f"the {main.label}" if main and plan and main.code in plan.matches else "it"
    return _question(topic, _table()[topic]["text"].format(symptom=symptom), topic)


def _question(topic: str, text: str, entry: str) -> Question:
    table = _table()[entry]
    kind: QuestionKind = table["kind"]
    return Question(topic, text, tuple(QuickAnswer(answer, answer) for answer in table["quick"]), kind)


def _background(understood: Understanding, asked: set[str], on_chart: ChartFacts) -> Iterator[Question]:
    """Allergies, medicines, history and worries, as far as neither the chart nor the patient has told."""
    stated = {
        "allergies": understood.assessment.allergies is not None or on_chart.allergies.known,
        "medications": _medicines_told(understood) or on_chart.medications.known,
        "history": understood.assessment.history is not None or on_chart.history.known,
    }
    for topic in _BACKGROUND:
        if topic not in asked and not stated[topic]:
            yield _standard(topic, understood)
    if "concerns" not in asked and not understood.assessment.concerns:
        yield _standard("concerns", understood)


def _medicines_told(understood: Understanding) -> bool:
    """Whether the patient told of their medicines; what was only tried for the complaint is no list of them."""
    stated = understood.assessment.medications
    tried = {read.turn.reference for read in understood.reading.read if read.topic in _ONLY_TRIED}
    return stated is not None and (not stated or any(item.reference not in tried for item in stated))
