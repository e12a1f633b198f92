"""The symptoms of a conversation, each with the details that belong to it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from conversations.intake import concepts as lexicon
from conversations.intake import plans
from conversations.intake.attributes import Detail, corrects, severity_level, takes
from conversations.intake.findings import Mention, Reading, ReadTurn, State
from conversations.intake.model import Quote, Severity, Symptom
from conversations.intake.stated import names_medicine

_ANSWER_LENGTH = 160
_NAME_LENGTH = 80
_OF_A_DOSE = frozenset({"timing", "duration"})
_OTHER_TOPICS = frozenset(
    word
    for line in (
        "medications allergies history concerns which_medicine medicine_left",
        "tried contacts support treatment_effect side_effects",
    )
    for word in line.split()
)
"""Questions whose answers are not about a symptom: the 'once a day' in them is none of its details."""
INTRODUCTIONS = frozenset({"name", "hello", "hi", "old", "bye", "thanks", "thank", "morning"})
_WHOLE_ANSWER_WORDS = 12
_DETAIL_TOPICS = {"onset": "duration", "character": "character", "timing": "timing"}
"""Questions whose answer counts as it stands, and the detail that it is."""


def shortened(text: str, length: int) -> str:
    """The text, shortened at a word with an ellipsis when it is too long."""
    return text if len(text) <= length else text[:length].rsplit(" ", 1)[0] + " …"


def stated_by_turn(reading: Reading) -> list[tuple[str, ...]]:
    """The concepts that are stated, in the order in which the patient came to them."""
    found: list[tuple[str, ...]] = []
    for read in reading.read:
        codes: dict[str, None] = {}
        for mention in read.mentions:
            if _counts(mention):
                codes.update(dict.fromkeys(code for code in lexicon.with_implied(mention.code) if reading.has(code)))
        found.append(tuple(codes))
    return found


def stated_in_order(reading: Reading) -> tuple[str, ...]:
    return tuple(dict.fromkeys(code for codes in stated_by_turn(reading) for code in codes))


def _counts(mention: Mention) -> bool:
    context = mention.context
    return not (context.negated or context.other_person or context.past or context.hypothetical)


def main_symptom(reading: Reading, plan: plans.Plan) -> str:
    """The symptom that the complaint is about: the plan's own when it is stated, else the first that fits it."""
    stated = [code for code in stated_in_order(reading) if lexicon.concepts()[code].kind == "symptom"]
    if plan.main in stated:
        return plan.main
    for code in stated:
        if code in plan.matches:
            return code
    return stated[0] if stated else ""


_SEVERAL = frozenset({"character", "timing", "aggravating", "relieving"})
"""Details of which a symptom can have more than one."""


@dataclass(slots=True)
class _Draft:
    """A symptom while its details are gathered: `words` by kind, the severity apart."""

    code: str
    state: State
    quotes: dict[Quote, None]
    words: dict[str, str] = field(default_factory=dict)
    score: int | None = None
    level: Severity | None = None

    def add(self, detail: Detail, quote: Quote, *, instead: bool) -> None:
        """Take over a detail; with `instead` it takes the place of what was said before."""
        taken = self._severity(detail, instead) if detail.kind == "severity" else self._word(detail, instead)
        if taken:
            self.quotes[quote] = None

    def _severity(self, detail: Detail, instead: bool) -> bool:
        known = self.score if detail.score is not None else self.level
        if known is not None and not instead:
            return False
        self.score = detail.score if detail.score is not None else self.score
        self.level = detail.level
        return True

    def _word(self, detail: Detail, instead: bool) -> bool:
        earlier = self.words.get(detail.kind)
        if earlier is None or instead:
            self.words[detail.kind] = detail.text
            return True
        if detail.kind not in _SEVERAL or detail.text.casefold() in earlier.casefold() or len(earlier) > _ANSWER_LENGTH:
            return False
        self.words[detail.kind] = f"{earlier}, {detail.text}"
        return True

    def symptom(self, name: str, first: Quote) -> Symptom:
        """The finished symptom."""
        words = self.words
        return Symptom(
            code=self.code,
            name=name,
            denied=False,
            evidence=first.text,
            reference=first.reference,
            location=words.get("location"),
            severity=severity_level(self.score) if self.score is not None else self.level,
            severity_score=self.score,
            duration=words.get("duration"),
            onset=words.get("onset"),
            character=words.get("character"),
            aggravating=words.get("aggravating"),
            relieving=words.get("relieving"),
            radiation=words.get("radiation"),
            timing=words.get("timing"),
            resolved=self.state.resolved,
            uncertain=bool(self.state.present) and all(mention.context.uncertain for mention in self.state.present),
            quotes=tuple(self.quotes),
        )


def collected(reading: Reading, main: str) -> tuple[Symptom, ...]:
    """The symptoms stated, the main one first, then those denied."""
    drafts: dict[str, _Draft] = {}
    for code in stated_in_order(reading):
        if lexicon.concepts()[code].kind == "symptom":
            state = reading.states[code]
            quotes = dict.fromkeys(mention.quote for mention in state.present)
            drafts[code] = _Draft(code, state, quotes)
    if main in drafts:
        drafts = {main: drafts[main], **drafts}
    for read in reading.read:
        _attach(read, reading, drafts, main)
    stated = [
        draft.symptom(lexicon.concepts()[draft.code].label, draft.state.present[0].quote)
        for draft in drafts.values()
        if not _folded(draft.code, drafts)
    ]
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
    elsewhere = {mention.sentence for mention in read.mentions if not _counts(mention)}
    in_sentence: dict[int, list[Mention]] = {}
    for mention in here:
        in_sentence.setdefault(mention.sentence, []).append(mention)
    asked = next((code for code in read.asked_about if code in drafts), "")
    for number_of, (sentence, details) in enumerate(zip(read.sentences, read.details, strict=True)):
        nearby = [
            replace(mention, code=code)
            for mention in in_sentence.get(number_of, ())
            if (code := _symptom_of(mention.code, drafts))
        ]
        # What was denied, or is somebody else's, has no details of the patient's.
        others = number_of in elsewhere or read.topic in _OTHER_TOPICS
        quote = Quote(
            " ".join(read.turn.text[sentence.tokens[0].start : sentence.tokens[-1].end].split()), read.turn.reference
        )
        takes_back = corrects(sentence.words())
        medicine = names_medicine(sentence)
        for detail in details:
            if medicine and not nearby and detail.kind in _OF_A_DOSE:
                continue
            target = _owner(detail, nearby, drafts)
            if not target and not nearby and not others:
                last = here[-1].code if here and here[-1].code in drafts else ""
                target = next((code for code in (asked, last, main) if code and takes(code, detail)), "")
            target = _listed_as(target, drafts)
            if target not in drafts:
                continue
            direct = detail.kind == "severity" and read.topic == "severity"
            drafts[target].add(detail, quote, instead=takes_back or direct)
    _whole_answer(read, drafts, asked or main)


def _symptom_of(code: str, drafts: dict[str, _Draft]) -> str:
    """The listed symptom that a concept is or means: pain below the ribs is abdominal pain. '' when there is none."""
    return next((meant for meant in lexicon.with_implied(code) if meant in drafts), "")


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
    kind = _DETAIL_TOPICS.get(read.topic or "")
    target = _listed_as(target, drafts)
    if kind is not None and target in drafts and _stands_alone(read):
        _keep_whole(read, drafts[target], kind)


def _stands_alone(read: ReadTurn) -> bool:
    """Whether an answer is one: short, no yes or no, no other symptom, no question, nothing about who one is."""
    words = [word for sentence in read.sentences for word in sentence.words()]
    return (
        read.marked
        and not read.answer
        and not read.says_only_answer
        and 0 < len(words) <= _WHOLE_ANSWER_WORDS
        and not any(sentence.asks for sentence in read.sentences)
        and not any(not mention.by_answer for mention in read.mentions)
        and not set(words) & INTRODUCTIONS
        and words[:2] != ["i", "am"]
    )


def _keep_whole(read: ReadTurn, draft: _Draft, kind: str) -> None:
    if kind not in draft.words:
        text = shortened(" ".join(read.turn.text.split()), _ANSWER_LENGTH)
        draft.words[kind] = text
        draft.quotes[Quote(text, read.turn.reference)] = None


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


def unnamed(reading: Reading, complaint: Quote) -> Symptom:
    """A complaint that the lexicon has no word for keeps the patient's words as its name."""
    draft = _Draft("unnamed", State(), {complaint: None})
    for read in reading.read:
        quote = Quote(shortened(" ".join(read.turn.text.split()), _ANSWER_LENGTH), read.turn.reference)
        if read.topic in _OTHER_TOPICS:
            continue
        for detail in (detail for details in read.details for detail in details):
            if takes("unnamed", detail):
                draft.add(detail, quote, instead=False)
        kind = _DETAIL_TOPICS.get(read.topic or "")
        if kind is not None and _stands_alone(read):
            _keep_whole(read, draft, kind)
    return draft.symptom(shortened(complaint.text, _NAME_LENGTH), complaint)
