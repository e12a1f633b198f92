"""The assessment: symptoms with their details, warning signs, urgency with its reasons."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from conversations.intake import concepts as lexicon
from conversations.intake import plans
from conversations.intake.attributes import Detail, corrects, number, severity_level, takes
from conversations.intake.context import people
from conversations.intake.findings import Mention, Reading, ReadTurn, State, read_conversation
from conversations.intake.model import URGENCIES, Assessment, Quote, Reason, RedFlag, Symptom, Turn, Urgency
from conversations.intake.red_flags import Person, raised
from conversations.intake.stated import StatedFacts, stated_facts

_ANSWER_LENGTH = 160
_COMPLAINT_LENGTH = 300
_DETAIL_TOPICS = {
    "onset": "duration",
    "location": "location",
    "character": "character",
    "radiation": "radiation",
    "timing": "timing",
    "aggravating": "aggravating",
    "relieving": "relieving",
}
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


def assess(turns: Sequence[Turn], *, age: int | None = None, sex: str | None = None) -> Assessment:
    """Assess a conversation. `age` in years; `sex` 'female' or 'male' when known. Never raises on any text."""
    return understand(turns, age=age, sex=sex).assessment


def understand(turns: Sequence[Turn], *, age: int | None = None, sex: str | None = None) -> Understanding:
    """Read, collect the symptoms and facts, apply the rules."""
    reading = read_conversation(turns)
    complaint = _complaint(reading)
    plan = plans.choose(_stated_by_turn(reading))
    main = _main_symptom(reading, plan)
    symptoms = _symptoms(reading, main)
    if not any(not symptom.denied for symptom in symptoms) and complaint.text:
        symptoms = (_unnamed(reading, complaint, plan), *symptoms)
    person = Person(_age_in_months(reading, age), _sex(sex))
    flags = raised(reading, {symptom.code: symptom for symptom in symptoms}, person)
    facts = stated_facts(reading)
    present = _stated_in_order(reading)
    urgency, reasons = _urgency(flags, plan, present, symptoms, facts, person, complaint)
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
    return Understanding(reading, assessment, plan, main)


def _sex(sex: str | None) -> str | None:
    return {"f": "female", "female": "female", "m": "male", "male": "male"}.get((sex or "").casefold())


def _age_in_months(reading: Reading, age: int | None) -> float | None:
    """The age given, unless a parent writes about a child whose age they tell."""
    for read in reading.read:
        for sentence in read.sentences:
            words = sentence.words()
            for position in range(1, len(words) - 1):
                if words[position + 1] == "old" and words[position] in _MONTHS_IN:
                    amount = number(words[position - 1])
                    young = any(word in people("young") for word in words)
                    if amount is not None and (reading.about or (young and age is None)):
                        return amount * _MONTHS_IN[words[position]]
    # Somebody else's age is not the writer's.
    return None if reading.about and age is None else (age * 12 if age is not None else None)


def _complaint(reading: Reading) -> Quote:
    """The patient's first description: the first message that says more than a greeting."""
    fallback = Quote("")
    for read in reading.read:
        text = " ".join(read.turn.text.split())
        if not fallback.text and any(letter.isalpha() for letter in text) and not read.says_only_answer:
            fallback = Quote(_cut(text, _COMPLAINT_LENGTH), read.turn.reference)
        if any(not mention.by_answer for mention in read.mentions):
            return Quote(_cut(text, _COMPLAINT_LENGTH), read.turn.reference)
        if read.turn.topic is None and read.topic == "opening" and not read.says_only_answer and text:
            return fallback
    return fallback


def _cut(text: str, length: int) -> str:
    """The text, shortened at a word with an ellipsis when it is too long."""
    return text if len(text) <= length else text[:length].rsplit(" ", 1)[0] + " …"


def _stated_by_turn(reading: Reading) -> list[tuple[str, ...]]:
    """The concepts that are stated, in the order in which the patient came to them."""
    found: list[tuple[str, ...]] = []
    for read in reading.read:
        codes: dict[str, None] = {}
        for mention in read.mentions:
            if _counts(mention):
                codes.update(dict.fromkeys(code for code in lexicon.with_implied(mention.code) if reading.has(code)))
        found.append(tuple(codes))
    return found


def _stated_in_order(reading: Reading) -> tuple[str, ...]:
    return tuple(dict.fromkeys(code for codes in _stated_by_turn(reading) for code in codes))


def _counts(mention: Mention) -> bool:
    context = mention.context
    return not (context.negated or context.other_person or context.past or context.hypothetical)


def _main_symptom(reading: Reading, plan: plans.Plan) -> str:
    stated = [code for code in _stated_in_order(reading) if lexicon.concepts()[code].kind == "symptom"]
    for code in stated:
        if code in plan.matches:
            return code
    return stated[0] if stated else ""


@dataclass(slots=True)
class _Draft:
    """A symptom while its details are gathered."""

    code: str
    state: State
    values: dict[str, str | int | None]
    quotes: list[Quote]

    def add(self, detail: Detail, quote: Quote, *, replace_value: bool) -> None:
        name = detail.kind
        if name == "severity":
            if detail.score is not None and (replace_value or self.values.get("severity_score") is None):
                self.values["severity_score"] = detail.score
                self.values["severity"] = detail.level
            elif detail.score is None and (replace_value or self.values.get("severity") is None):
                self.values["severity"] = detail.level
            else:
                return
        else:
            earlier = self.values.get(name)
            if isinstance(earlier, str) and not replace_value:
                if name not in {"character", "timing", "aggravating", "relieving"} or detail.text in earlier:
                    return
                if len(earlier) > _ANSWER_LENGTH:
                    return
                self.values[name] = f"{earlier}, {detail.text}"
            else:
                self.values[name] = detail.text
        if quote not in self.quotes:
            self.quotes.append(quote)


def _symptoms(reading: Reading, main: str) -> tuple[Symptom, ...]:
    """The symptoms stated, the main one first, then those denied."""
    drafts: dict[str, _Draft] = {}
    for code in _stated_in_order(reading):
        if lexicon.concepts()[code].kind == "symptom":
            state = reading.states[code]
            quotes = list(dict.fromkeys(mention.quote for mention in state.present))
            drafts[code] = _Draft(code, state, {}, quotes)
    if main in drafts:
        drafts = {main: drafts[main], **drafts}
    for read in reading.read:
        _attach(read, reading, drafts, main)
    stated = [_symptom(draft) for draft in drafts.values() if not _folded(draft.code, drafts)]
    denied = [
        _denied(code, state)
        for code, state in reading.states.items()
        if reading.denies(code) and lexicon.concepts()[code].kind in {"symptom", "sign", "event"}
    ]
    return (*stated, *denied)


def _folded(code: str, drafts: dict[str, _Draft]) -> bool:
    """Whether a symptom is only a variant of another that is listed: crushing chest pain of chest pain."""
    return lexicon.concepts()[code].variant and any(parent in drafts for parent in lexicon.concepts()[code].implies)


def _attach(read: ReadTurn, reading: Reading, drafts: dict[str, _Draft], main: str) -> None:
    """Give each detail of a turn to the symptom it belongs to."""
    here = [mention for mention in read.mentions if _counts(mention) and not mention.by_answer]
    asked = next((code for code in read.asked_about if code in drafts), "")
    for number_of, (sentence, details) in enumerate(zip(read.sentences, read.details, strict=True)):
        nearby = [mention for mention in here if mention.sentence == number_of and mention.code in drafts]
        others = [mention for mention in read.mentions if mention.sentence == number_of and not _counts(mention)]
        quote = Quote(
            " ".join(read.turn.text[sentence.tokens[0].start : sentence.tokens[-1].end].split()), read.turn.reference
        )
        takes_back = corrects(sentence.words())
        for detail in details:
            target = _owner(detail, nearby, drafts)
            if not target and not nearby and not others:
                last = here[-1].code if here and here[-1].code in drafts else ""
                target = next((code for code in (asked, last, main) if code and takes(code, detail)), "")
            target = _listed_as(target, drafts)
            if target not in drafts:
                continue
            direct = detail.kind == "severity" and read.topic == "severity"
            drafts[target].add(detail, quote, replace_value=takes_back or direct)
    _whole_answer(read, drafts, asked or main)


def _owner(detail: Detail, nearby: Sequence[Mention], drafts: dict[str, _Draft]) -> str:
    """The nearest symptom of the sentence that can have the detail."""
    able = [mention for mention in nearby if takes(_listed_as(mention.code, drafts), detail)]
    if not able:
        return ""
    return min(able, key=lambda mention: abs(mention.position - detail.position)).code


def _listed_as(code: str, drafts: dict[str, _Draft]) -> str:
    """The symptom a variant is shown under."""
    if code in drafts and _folded(code, drafts):
        return next(parent for parent in lexicon.concepts()[code].implies if parent in drafts)
    return code


def _whole_answer(read: ReadTurn, drafts: dict[str, _Draft], target: str) -> None:
    """An answer to 'what is it like?' counts as it stands when the lists know none of its words."""
    field = _DETAIL_TOPICS.get(read.topic or "")
    target = _listed_as(target, drafts)
    if field is None or target not in drafts or read.answer or read.says_only_answer or not read.sentences:
        return
    if drafts[target].values.get(field) is None:
        text = _cut(" ".join(read.turn.text.split()), _ANSWER_LENGTH)
        drafts[target].values[field] = text
        drafts[target].quotes.append(Quote(text, read.turn.reference))


def _symptom(draft: _Draft) -> Symptom:
    first = draft.state.present[0]
    values = draft.values
    severity = values.get("severity")
    score = values.get("severity_score")
    if isinstance(score, int):
        severity = severity_level(score)

    def words(name: str) -> str | None:
        value = values.get(name)
        return value if isinstance(value, str) else None

    return Symptom(
        code=draft.code,
        name=lexicon.concepts()[draft.code].label,
        denied=False,
        evidence=first.quote.text,
        reference=first.quote.reference,
        location=words("location"),
        severity=severity if severity in ("mild", "moderate", "severe") else None,
        severity_score=score if isinstance(score, int) else None,
        duration=words("duration"),
        onset=words("onset"),
        character=words("character"),
        aggravating=words("aggravating"),
        relieving=words("relieving"),
        radiation=words("radiation"),
        timing=words("timing"),
        resolved=draft.state.resolved,
        uncertain=all(mention.context.uncertain for mention in draft.state.present),
        quotes=tuple(draft.quotes),
    )


def _denied(code: str, state: State) -> Symptom:
    quote = state.denied[-1].quote
    return Symptom(
        code=code,
        name=lexicon.concepts()[code].label,
        denied=True,
        evidence=quote.text,
        reference=quote.reference,
        quotes=(quote,),
    )


def _unnamed(reading: Reading, complaint: Quote, plan: plans.Plan) -> Symptom:
    """A complaint that the lexicon has no word for keeps the patient's words as its name."""
    draft = _Draft("unnamed", State(), {}, [complaint])
    drafts = {"unnamed": draft}
    for read in reading.read:
        for details in read.details:
            for detail in details:
                draft.add(
                    detail,
                    Quote(_cut(" ".join(read.turn.text.split()), _ANSWER_LENGTH), read.turn.reference),
                    replace_value=False,
                )
        field = _DETAIL_TOPICS.get(read.topic or "")
        if field and not read.answer and draft.values.get(field) is None:
            draft.values[field] = _cut(" ".join(read.turn.text.split()), _ANSWER_LENGTH)
    del drafts
    base = Symptom("unnamed", _cut(complaint.text, 80), False, complaint.text, complaint.reference)
    return replace(base, **{key: value for key, value in draft.values.items()}, quotes=tuple(draft.quotes))


def _concerns(reading: Reading) -> tuple[Quote, ...]:
    """What the patient is worried about, in their words."""
    found: dict[tuple[str, str | None], Quote] = {}
    for read in reading.read:
        quotes: Iterable[Quote]
        if read.topic == "concerns" and read.answer not in {"no", "unknown"} and not read.says_only_answer:
            quotes = [Quote(_cut(" ".join(read.turn.text.split()), _COMPLAINT_LENGTH), read.turn.reference)]
        else:
            quotes = plans.worries(read)
        for quote in quotes:
            found.setdefault((quote.text, quote.reference), quote)
    return tuple(found.values())


def _not_known(reading: Reading) -> tuple[tuple[str, Quote], ...]:
    return tuple(
        (read.topic, Quote(_cut(" ".join(read.turn.text.split()), _ANSWER_LENGTH), read.turn.reference))
        for read in reading.read
        if read.topic and read.answer == "unknown"
    )


def _urgency(
    flags: Sequence[RedFlag],
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
        return urgency, reasons
    if plans.can_self_care(plan, present, symptoms, facts.history, person.months):
        text = f"{plan.label}: no warning sign, short and not severe; care at home may be enough."
        return "self_care", (Reason(f"self_care.{plan.code}", text, complaint.text, complaint.reference),)
    text = f"{plan.label}: no warning sign was mentioned."
    return "routine", (Reason("no_warning_sign", text, complaint.text, complaint.reference),)
