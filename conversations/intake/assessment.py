"""The assessment: symptoms with their details, warning signs, urgency with its reasons."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from conversations.intake import plans
from conversations.intake.attributes import number
from conversations.intake.concepts import concepts
from conversations.intake.context import people
from conversations.intake.findings import Reading, ReadTurn, read_conversation, unclear_yes
from conversations.intake.model import (
    UNCLEAR_YES,
    URGENCIES,
    Assessment,
    Quote,
    Reason,
    RedFlag,
    Symptom,
    Turn,
    Urgency,
)
from conversations.intake.red_flags import Person, raised, would_raise
from conversations.intake.stated import StatedFacts, stated_facts
from conversations.intake.symptoms import (
    INTRODUCTIONS,
    collected,
    main_symptom,
    shortened,
    stated_by_turn,
    stated_in_order,
    unnamed,
)

_ANSWER_LENGTH = 160
_COMPLAINT_LENGTH = 300
_OPENING_TURNS = 4
_SEARCHED_TURNS = 10
_DESCRIPTION_WORDS = 4
_ADULT_FROM = 16
_MONTHS_IN = {
    "day": 12 / 365,
    "days": 12 / 365,
    "week": 12 / 52,
    "weeks": 12 / 52,
    "month": 1,
    "months": 1,
    "year": 12,
    "years": 12,
}


@dataclass(frozen=True)
class Understanding:
    """Everything the engine worked out; the dialogue and the summary need more than the assessment shows."""

    reading: Reading
    assessment: Assessment
    plan: plans.Plan
    main: str
    """The code of the symptom that details without a symptom of their own belong to; '' when there is none."""
    person: Person


def assess(turns: Sequence[Turn], *, age: int | None = None, sex: str | None = None) -> Assessment:
    """Assess a conversation. `age` in years; `sex` 'female' or 'male' when known. Never raises on any text."""
    return understand(turns, age=age, sex=sex).assessment


def understand(turns: Sequence[Turn], *, age: int | None = None, sex: str | None = None) -> Understanding:
    """Read, collect the symptoms and facts, apply the rules."""
    return _understood(tuple(turns), age, sex)


# One message asks for the assessment, the next question and how many are left: reading it all once is enough. Few are
# kept, because what is kept are patients' words.
@lru_cache(maxsize=4)
def _understood(turns: tuple[Turn, ...], age: int | None, sex: str | None) -> Understanding:
    reading = read_conversation(turns)
    complaint = _complaint(reading)
    plan = plans.choose(stated_by_turn(reading))
    main = main_symptom(reading, plan)
    symptoms = collected(reading, main)
    if not any(not symptom.denied for symptom in symptoms) and complaint.text:
        symptoms = (unnamed(reading, complaint), *symptoms)
    person = _person(reading, age, sex)
    flags = raised(reading, {symptom.code: symptom for symptom in symptoms}, person)
    facts = stated_facts(reading)
    present = stated_in_order(reading)
    unclear = tuple(_unclear_reasons(reading, person))
    urgency, reasons = _urgency(flags, unclear, plan, present, symptoms, facts, person, complaint)
    assessment = Assessment(
        urgency=urgency,
        reasons=reasons,
        red_flags=flags,
        symptoms=symptoms,
        medications=facts.medications,
        allergies=facts.allergies,
        history=facts.history,
        concerns=_concerns(reading),
        complaint=complaint.text,
        complaint_reference=complaint.reference,
        presentation=plan.code,
        presentation_label=plan.label,
        none_stated=facts.none_stated,
        family=facts.family,
        not_known=_not_known(reading),
    )
    return Understanding(reading, assessment, plan, main, person)


_LIKELY_MONTHS: tuple[tuple[frozenset[str], float], ...] = (
    (frozenset({"newborn"}), 0.5),
    (frozenset({"baby", "infant"}), 6.0),
    (frozenset({"toddler"}), 24.0),
    (
        frozenset({"grandfather", "grandmother", "grandad", "granddad", "grandma", "gran", "nan", "nana"}),
        78 * 12.0,
    ),
)
_PARENTS = frozenset({"mum", "mom", "mam", "mother", "dad", "father"})
_GENERATION_YEARS = 25
_NOT_AN_AGE = frozenset(
    {
        "out",
        "times",
        "of",
        "hours",
        "hour",
        "minutes",
        "days",
        "degrees",
        "tablets",
        "pills",
        "mg",
        "ml",
        "/10",
        "today",
    }
)
_SEXES = {"f": "female", "female": "female", "m": "male", "male": "male"}
_MALE = frozenset({"son", "boy", "father", "dad", "husband", "brother", "grandad", "grandfather", "boyfriend", "uncle"})
_FEMALE = frozenset(
    {"daughter", "girl", "mother", "mum", "mom", "wife", "sister", "gran", "grandma", "girlfriend", "aunt"}
)


def _person(reading: Reading, age: int | None, sex: str | None) -> Person:
    """Whom it is about: the writer as given, or somebody the writer tells of, with the age and sex told."""
    told = _told_age(reading, age)
    if not reading.about:
        return Person(
            told if told is not None else (None if age is None else age * 12), _SEXES.get((sex or "").casefold())
        )
    words = {word for read in reading.read[:2] for sentence in read.sentences for word in sentence.words()}
    own = age is not None and age < _ADULT_FROM
    # An account of a child is a parent writing for its owner; an adult's age says nothing of a child.
    months = told if told is not None else (age * 12 if own and age is not None else _likely_months(words, age))
    return Person(months, _told_sex(words, reading.about))


def _told_sex(words: set[str], about: frozenset[str]) -> str | None:
    """The sex of the person told of, from 'my son' or from 'she'; None when both or neither are said."""
    named = words & about
    sexes = [name for name, relations in (("male", _MALE), ("female", _FEMALE)) if named & relations]
    if not sexes:
        sexes = [name for name, pronouns in (("male", {"he", "his"}), ("female", {"she", "her"})) if words & pronouns]
    return sexes[0] if len(sexes) == 1 else None


def _likely_months(words: set[str], age: int | None) -> float | None:
    """The age of a relative when nobody told it: a toddler is two, a parent older than the writer."""
    for relations, months in _LIKELY_MONTHS:
        if words & relations:
            return months
    if age is None or words & people("young"):
        return None
    return (age + _GENERATION_YEARS) * 12 if words & _PARENTS else age * 12


_SMALL_NUMBER = 110


def _told_age(reading: Reading, age: int | None) -> float | None:
    """The age in months of somebody that the writer tells about, when it is told."""
    for read in reading.read:
        for sentence in read.sentences:
            words = sentence.words()
            young = bool(set(words) & people("young"))
            for position in range(1, len(words)):
                amount = number(words[position - 1])
                if amount is None:
                    continue
                unit, after = words[position], words[position + 1] if position + 1 < len(words) else ""
                # 'My three year old' needs no other word for a child.
                own = position > 1 and words[position - 2] in {"my", "our"}
                if unit in _MONTHS_IN and after == "old" and (reading.about or ((young or own) and age is None)):
                    return amount * _MONTHS_IN[unit]
                said_of = _says_age_of(words, position - 1) and bool(reading.about)
                if said_of and unit in _MONTHS_IN and unit not in {"day", "days"}:
                    return amount * _MONTHS_IN[unit]
                if said_of and unit not in _NOT_AN_AGE and 1 <= amount <= _SMALL_NUMBER and amount == int(amount):
                    return amount * 12
            if reading.about and len(words) > 1 and _says_age_of(words, len(words) - 1):
                last = number(words[-1])
                if last is not None and 1 <= last <= _SMALL_NUMBER and last == int(last):
                    return last * 12
    return None


def _says_age_of(words: Sequence[str], position: int) -> bool:
    """Whether the figure at a place is somebody's age: 'she is 2', 'aged 5', 'my mother 81'."""
    before = words[position - 1] if position else ""
    earlier = words[position - 2] if position > 1 else ""
    subjects = {"he", "she"} | people("relations")
    return before == "aged" or before in people("relations") or (before in {"is", "'s"} and earlier in subjects)


def _complaint(reading: Reading) -> Quote:
    """The patient's first description: the first message that names something, else the longest of the first few."""
    fallback = Quote("")
    for number_of, read in enumerate(reading.read):
        text = " ".join(read.turn.text.split())
        quote = Quote(shortened(text, _COMPLAINT_LENGTH), read.turn.reference)
        if number_of >= _SEARCHED_TURNS:
            break
        if any(not mention.by_answer for mention in read.mentions) or _describes(read):
            return quote
        if (
            number_of < _OPENING_TURNS
            and any(letter.isalpha() for letter in text)
            and len(quote.text) > len(fallback.text)
        ):
            fallback = quote
    return fallback


def _describes(read: ReadTurn) -> bool:
    """Whether the answer to the opening question says something, known words or not, and is no mere greeting."""
    words = [word for sentence in read.sentences for word in sentence.words()]
    return read.topic == "opening" and len(words) >= _DESCRIPTION_WORDS and not set(words) & INTRODUCTIONS


def _concerns(reading: Reading) -> tuple[Quote, ...]:
    """What the patient is worried about, in their words."""
    found: dict[tuple[str, str | None], Quote] = {}
    for read in reading.read:
        quotes: Iterable[Quote]
        if read.topic == "concerns" and read.answer not in {"no", "unknown"} and not read.says_only_answer:
            quotes = [Quote(shortened(" ".join(read.turn.text.split()), _COMPLAINT_LENGTH), read.turn.reference)]
        else:
            quotes = plans.worries(read)
        for quote in quotes:
            found.setdefault((quote.text, quote.reference), quote)
    return tuple(found.values())


def _not_known(reading: Reading) -> tuple[tuple[str, Quote], ...]:
    return tuple(
        (read.topic, Quote(shortened(" ".join(read.turn.text.split()), _ANSWER_LENGTH), read.turn.reference))
        for read in reading.read
        if read.topic and read.answer == "unknown"
    )


def _unclear_reasons(reading: Reading, person: Person) -> Iterator[Reason]:
    """A yes that may mean a warning sign counts as urgent until the patient has said which it was."""
    for quote, codes in unclear_yes(reading):
        if would_raise(reading, codes, person, quote):
            labels = " or ".join(concepts()[code].label for code in codes)
            text = f"Unclear answer: yes to {labels}, and not said which."
            yield Reason(UNCLEAR_YES, text, shortened(quote.text, _ANSWER_LENGTH), quote.reference)


def _urgency(
    flags: Sequence[RedFlag],
    unclear: tuple[Reason, ...],
    plan: plans.Plan,
    present: Sequence[str],
    symptoms: Sequence[Symptom],
    facts: StatedFacts,
    person: Person,
    complaint: Quote,
) -> tuple[Urgency, tuple[Reason, ...]]:
    """The most urgent warning sign decides; without one, whether the complaint can be cared for at home."""
    if flags:
        urgency = min((flag.urgency for flag in flags), key=URGENCIES.index)
        reasons = tuple(Reason(flag.code, f"{flag.label}: {flag.why}", flag.evidence, flag.reference) for flag in flags)
        return urgency, (*reasons, *unclear)
    if unclear:
        return "urgent", unclear
    if plans.can_self_care(plan, present, symptoms, facts.history, person.months):
        text = f"{plan.label}: no warning sign, short and not severe; care at home may be enough."
        return "self_care", (Reason(f"self_care.{plan.code}", text, complaint.text, complaint.reference),)
    text = f"{plan.label}: no warning sign was mentioned."
    return "routine", (Reason("no_warning_sign", text, complaint.text, complaint.reference),)
