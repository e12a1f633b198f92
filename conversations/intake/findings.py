"""Reading a conversation: which concepts the patient stated, denied, took back, told of others or of long ago."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Literal

from conversations.intake import concepts as lexicon
from conversations.intake.attributes import Detail, corrects, details, raw
from conversations.intake.concepts import Match
from conversations.intake.context import Context, Scope, people, phrase_anywhere, phrase_at, prepare
from conversations.intake.data import load
from conversations.intake.model import Quote, Turn
from conversations.intake.text import Sentence, sentences

Answer = Literal["yes", "no", "unknown", ""]
_MOST_IN_A_YES = 2
"""'Yes' to a question with more symptoms in it does not say which; after one of our own questions we ask which."""
_SHORT_ANSWER = 12
_FEELING = frozenset({"have", "am", "feel", "got", "keep", "can", "had", "been", "was", "get"})
_SOMEBODY = "somebody"
_THIRD_PERSON = frozenset({"he", "she", "his", "her", "him"})
_BESIDE = frozenset({"with", "to", "by"})
"""'At home with my wife': who was there."""
_BACK_THEN = frozenset({"had", "died", "suffered", "passed", "used", "years", "history", "was", "when"})
"""In a clause about a relative these tell of the family's past or of who was there, not of somebody ill now."""
_FAMILY = frozenset({"family", "parents", "relatives", "siblings"})


@dataclass(frozen=True, slots=True)
class Mention:
    """A concept in one place: how it is meant, and the words around it."""

    code: str
    turn: int
    sentence: int
    position: int
    context: Context
    quote: Quote
    by_answer: bool = False
    takes_back: bool = False


@dataclass(frozen=True, slots=True)
class ReadTurn:
    """A patient's turn taken apart. `question` is the index of the turn it answers, or None."""

    index: int
    turn: Turn
    sentences: tuple[Sentence, ...]
    scopes: tuple[Scope, ...]
    details: tuple[tuple[Detail, ...], ...]
    mentions: tuple[Mention, ...]
    about_family: bool
    """Whether the question was about relatives: what the answer names is theirs."""
    question: int | None
    topic: str | None
    marked: bool
    """Whether the question said what it asked, so that any answer counts for it."""
    answer: Answer
    asked_about: tuple[str, ...]
    says_only_answer: bool


@dataclass(frozen=True, slots=True)
class State:
    """What is known of one concept in the end."""

    present: tuple[Mention, ...] = ()
    denied: tuple[Mention, ...] = ()
    resolved: bool = False

    @property
    def is_present(self) -> bool:
        """Stated and not taken back."""
        return bool(self.present)


@dataclass(frozen=True)
class Reading:
    """The whole conversation, read."""

    turns: tuple[Turn, ...]
    read: tuple[ReadTurn, ...]
    states: dict[str, State]
    others: tuple[Mention, ...]
    past: tuple[Mention, ...]
    about: frozenset[str] = field(default_factory=frozenset)
    """The relations ('son') who are the patient because somebody writes for them."""

    def has(self, code: str) -> bool:
        """Whether the concept is stated of the patient, here and now."""
        state = self.states.get(code)
        return state is not None and state.is_present

    def denies(self, code: str) -> bool:
        """Whether the concept is denied."""
        state = self.states.get(code)
        return state is not None and not state.is_present and bool(state.denied)


@cache
def _answer_words(key: str) -> frozenset[str]:
    return frozenset(load("lexicon/language.toml")["answers"][key])


def answer_of(read: Sequence[Sentence]) -> Answer:
    """Whether a message begins as a yes, a no or an 'I don't know'."""
    words = [word for sentence in read[:3] for word in sentence.words()][:_SHORT_ANSWER]
    if not words:
        return ""
    for position in range(min(len(words), 4)):
        if phrase_at(words, position, "answers", "unknown"):
            return "unknown"
    if words[0] in _answer_words("yes") and words[1:2] != ["no"]:
        return "yes"
    if words[0] in _answer_words("no") or words[:2] == ["yes", "no"]:
        return "no"
    lead = " ".join(words[:5])
    if lead.startswith(("i do not think so", "i have not", "i do not", "do not think so", "i am not")):
        return "no" if len(words) <= 5 or "any" in words else ""
    if lead in {"i do", "i have", "i did", "i am", "it is", "it does", "i think so", "a bit", "a little"}:
        return "yes"
    return ""


def _says_only_answer(read: Sequence[Sentence]) -> bool:
    """Whether a message is nothing but yes or no and small words: 'No, not that I know of.'"""
    words = [word for sentence in read for word in sentence.words()]
    return (
        bool(words)
        and len(words) <= _SHORT_ANSWER
        and all(
            word in _answer_words("empty") or word in _answer_words("yes") or word in _answer_words("no")
            for word in words
        )
    )


def _topic_of(question: Turn | None, read: Sequence[Sentence]) -> str | None:
    """What a question asked: its marked topic, or what its last asking sentence is about."""
    if question is None:
        return None
    if question.topic:
        return question.topic
    last = _last_question(read)
    if last is None:
        return None
    words = last.words()
    for topic in load("lexicon/language.toml")["topics"]:
        if any(phrase_at(words, position, "topics", topic) for position in range(len(words))):
            return str(topic)
    return None


def _last_question(read: Sequence[Sentence]) -> Sentence | None:
    asking = [sentence for sentence in read if sentence.asks and len(sentence.tokens) > 1]
    return asking[-1] if asking else (read[-1] if read else None)


def _written_for(turns: Sequence[tuple[Sentence, ...]]) -> frozenset[str]:
    """Whom the patient's first words are about when it is not the writer: 'My son has a fever', 'She is limp'."""
    found: set[str] = set()
    for read in turns[:2]:
        if any(_first_person(sentence) for sentence in read):
            return frozenset()
        for sentence in read:
            found.update(_subjects(sentence))
        if not found and any(_tells_of_somebody(sentence) for sentence in read):
            named = [word for sentence in read for word in sentence.words() if word in people("relations")]
            found.update(named[:1] or [_SOMEBODY])
        if found:
            break
    matched = {match.code for read in turns[:2] for sentence in read for match in lexicon.find(sentence)}
    if found & people("young") and any(lexicon.concepts()[code].only == "female" for code in matched):
        # 'The baby has not kicked today, I am 30 weeks': it is about the mother.
        found -= people("young")
    return frozenset(found | people("young")) if found & people("young") else frozenset(found)


def _subjects(sentence: Sentence) -> Iterator[str]:
    """The relations of whom a sentence tells something that is there now."""
    words = sentence.words()
    if not _tells_of_body(sentence):
        yield from (word for word in words if word in people("young") and "about" in words)
        return
    for position, word in enumerate(words):
        if word not in people("relations") or (position and words[position - 1] in _BESIDE):
            continue
        following = words[position + 1 : position + 3]
        if following and following[0] in people("tellers"):
            if following[-1] in _THIRD_PERSON:
                yield word
            continue
        here_and_now = bool(following) and (following[0] in people("present") or following[0].endswith("ing"))
        clause = [token.word for token in sentence.tokens if token.clause == sentence.tokens[position].clause]
        if here_and_now or phrase_anywhere(words, "recent", "phrases") or not set(clause) & _BACK_THEN:
            yield word


def _tells_of_somebody(sentence: Sentence) -> bool:
    """Whether a sentence tells of a 'he' or 'she' what is there now."""
    return bool(set(sentence.words()) & _THIRD_PERSON) and _tells_of_body(sentence)


def _tells_of_body(sentence: Sentence) -> bool:
    """Whether a sentence names something that somebody feels or that happened; what they take is not enough."""
    codes = {code for match in lexicon.find(sentence) for code in lexicon.with_implied(match.code)}
    return any(lexicon.concepts()[code].kind in {"symptom", "event", "sign"} for code in codes)


def _first_person(sentence: Sentence) -> bool:
    """Whether somebody tells of their own body: 'I have', 'my head hurts'."""
    matches = lexicon.find(sentence)
    tokens = sentence.tokens
    for match in matches:
        clause = [token.word for token in tokens if token.clause == tokens[match.start].clause]
        if any(word in people("relations") for word in clause):
            continue
        if clause[0] == "my" or ("i" in clause and set(clause[clause.index("i") :][:4]) & _FEELING):
            return True
    return False


def read_conversation(turns: Sequence[Turn]) -> Reading:
    """Take every turn apart and settle what the patient said about each concept."""
    parsed = [sentences(turn.text) for turn in turns]
    about = _written_for([parsed[index] for index, turn in enumerate(turns) if turn.speaker == "patient"])
    read: list[ReadTurn] = []
    question: int | None = None
    for index, turn in enumerate(turns):
        if turn.speaker == "assistant":
            question = index
            continue
        read.append(_read_turn(index, turns, parsed, question, about))
        # Only the next message answers a question; what is written after it stands for itself.
        question = None
    mentions = [mention for turn_read in read for mention in turn_read.mentions]
    return Reading(
        turns=tuple(turns),
        read=tuple(read),
        states=_states(mentions),
        others=tuple(mention for mention in mentions if mention.context.other_person),
        past=tuple(mention for mention in mentions if mention.context.past and not mention.context.other_person),
        about=about,
    )


def _read_turn(
    index: int,
    turns: Sequence[Turn],
    parsed: Sequence[tuple[Sentence, ...]],
    question: int | None,
    about: frozenset[str],
) -> ReadTurn:
    turn = turns[index]
    own = parsed[index]
    asked = turns[question] if question is not None else None
    asked_read = parsed[question] if question is not None else ()
    topic = _topic_of(asked, asked_read)
    answer = answer_of(own)
    scopes = tuple(_scopes(own))
    said = list(_mentions(index, turn, own, scopes, about))
    if _asks_of_family(asked_read):
        said = [_of_family(mention, own) for mention in said]
    asked_mentions = list(_asked(asked, asked_read)) if asked is not None else []
    # A yes to a remark that asks nothing ('You have a cold then.') is no answer.
    is_question = asked is not None and (asked.topic is not None or any(sentence.asks for sentence in asked_read))
    if answer in {"yes", "no"} and is_question:
        said[:0] = _answered(answer, index, turn, own, asked_mentions, said, screened=bool(_screened(topic)))
    return ReadTurn(
        index=index,
        turn=turn,
        sentences=own,
        scopes=tuple(scope for _, scope in scopes),
        details=tuple(
            () if _of_others(scope, about) else tuple(details(turn.text, sentence, topic))
            for sentence, (_, scope) in zip(own, scopes, strict=True)
        ),
        mentions=tuple(said),
        about_family=_asks_of_family(asked_read),
        question=question,
        topic=topic,
        marked=asked is not None and asked.topic is not None,
        answer=answer,
        asked_about=tuple(dict.fromkeys(code for code, _ in asked_mentions)),
        says_only_answer=_says_only_answer(own),
    )


def _of_family(mention: Mention, read: Sequence[Sentence]) -> Mention:
    """An illness named when asked about the family is the family's, unless the patient says 'I'."""
    words = read[mention.sentence].words()
    if mention.context.other_person or any(word in {"i", "my"} for word in words):
        return mention
    return replace(mention, context=replace(mention.context, other_person="family"))


def _of_others(scope: Scope, about: frozenset[str]) -> bool:
    """Whether a sentence tells only of somebody else, so that its 'ten years ago' is not the patient's."""
    return any(person not in about for _, person in scope.people) and not set(scope.words) & {"i", "me"}


def _scopes(read: Sequence[Sentence]) -> Iterator[tuple[tuple[Match, ...], Scope]]:
    """Each sentence's matches and triggers; 'He' goes on about whom the sentence before was about."""
    spoken_of = ""
    for sentence in read:
        matches = lexicon.find(sentence)
        scope = prepare(sentence, matches, spoken_of)
        spoken_of = scope.people[-1][1] if scope.people else ""
        yield matches, scope


def _quote(turn: Turn, sentence: Sentence, match: Match) -> Quote:
    """The clause around a match, and the clauses it reaches into."""
    clauses = {sentence.tokens[position].clause for position in match.positions}
    inside = [position for position, token in enumerate(sentence.tokens) if token.clause in clauses]
    return Quote(raw(turn.text, sentence.tokens, inside[0], inside[-1]), turn.reference)


def _mentions(
    index: int,
    turn: Turn,
    read: Sequence[Sentence],
    scopes: Sequence[tuple[tuple[Match, ...], Scope]],
    about: frozenset[str],
) -> Iterator[Mention]:
    for number, (sentence, (matches, scope)) in enumerate(zip(read, scopes, strict=True)):
        takes_back = corrects(scope.words)
        for match in matches:
            context = scope.of(match)
            concept = lexicon.concepts()[match.code]
            lasts = concept.kind == "background" and not concept.only
            kept = replace(
                context,
                # A spleen taken out long ago is still missing.
                past=context.past and not lasts,
                other_person="" if context.other_person in about else context.other_person,
                # Who fears a stroke has none; who worries about the pain has the pain.
                hypothetical=context.hypothetical or (context.feared and concept.kind == "condition"),
            )
            quote = _quote(turn, sentence, match)
            yield Mention(match.code, index, number, match.start, kept, quote, takes_back=takes_back)


def _asked(question: Turn, read: Sequence[Sentence]) -> Iterator[tuple[str, Context]]:
    """The concepts that a question asks for: one of our own names them in its topic."""
    screened = _screened(question.topic)
    if screened:
        yield from ((code, Context()) for code in screened)
        return
    last = _last_question(read)
    if last is None:
        return
    matches = lexicon.find(last)
    scope = prepare(last, matches)
    for match in matches:
        yield match.code, scope.of(match)


def _asks_of_family(read: Sequence[Sentence]) -> bool:
    last = _last_question(read)
    return last is not None and any(word in _FAMILY for word in last.words())


def _screened(topic: str | None) -> tuple[str, ...]:
    """The concepts named by a topic of our own: 'ask:sweating+nausea', and 'which:...' after a yes to it."""
    kind, _, codes = (topic or "").partition(":")
    if kind not in {"ask", "which"}:
        return ()
    return tuple(code for code in codes.split("+") if code in lexicon.concepts())


def _answered(
    answer: Answer,
    index: int,
    turn: Turn,
    own: Sequence[Sentence],
    asked: Sequence[tuple[str, Context]],
    said: Sequence[Mention],
    *,
    screened: bool,
) -> list[Mention]:
    """A yes or a no carries the question's concepts, except those the answer itself speaks of."""
    named = {code for mention in said for code in lexicon.with_implied(mention.code)}
    codes = list(dict.fromkeys(code for code, context in asked if not context.hypothetical))
    contexts = dict(asked)
    if not codes or not own:
        return []
    most = 1 if screened else _MOST_IN_A_YES
    if answer == "yes" and (named & set(codes) or len(codes) > most):
        return []
    first = own[0]
    quote = Quote(raw(turn.text, first.tokens, 0, len(first.tokens) - 1), turn.reference)
    found: list[Mention] = []
    for code in codes:
        context = contexts[code]
        if code in named or (answer == "yes" and context.negated):
            continue
        meant = Context(negated=answer == "no", past=context.past, other_person=context.other_person)
        found.append(Mention(code, index, 0, 0, meant, quote, by_answer=True))
    return found


def unclear_yes(reading: Reading) -> Iterator[tuple[Quote, tuple[str, ...]]]:
    """Each 'yes' to a question of our own with several signs in it that does not say which, and what it may mean."""
    for read in reading.read:
        codes = _screened(read.topic)
        if len(codes) < _MOST_IN_A_YES or read.answer != "yes" or _says_something_else(read):
            continue
        open_still = tuple(code for code in codes if not reading.denies(code))
        if open_still and not any(reading.has(code) for code in codes):
            yield Quote(" ".join(read.turn.text.split()), read.turn.reference), open_still


def _says_something_else(read: ReadTurn) -> bool:
    """Whether an answer that begins with a yes is about another matter: 'Yeah, so my back hurts'."""
    words = [word for sentence in read.sentences for word in sentence.words()]
    return any(not mention.by_answer for mention in read.mentions) and not set(words[1:3]) & {"and", "also"}


@dataclass(slots=True)
class _Gathered:
    """A state while the conversation is gone through."""

    present: list[Mention] = field(default_factory=list)
    denied: list[Mention] = field(default_factory=list)
    resolved: bool = False

    def deny(self, mention: Mention) -> None:
        """A 'no' to a question does not undo what the patient said; their own words do, if they take it back."""
        if not self.present or (mention.takes_back and not mention.by_answer):
            self.present.clear()
            self.denied.append(mention)
            self.resolved = False
        elif not mention.by_answer and mention.turn != self.present[-1].turn:
            self.resolved = True


def _states(mentions: Sequence[Mention]) -> dict[str, State]:
    """Settle each concept: what was said last in the patient's own words counts."""
    gathered: dict[str, _Gathered] = {}
    for mention in mentions:
        context = mention.context
        if context.other_person or context.past or context.hypothetical:
            continue
        if context.negated:
            # 'No crushing pain' says nothing about pain; only the concept itself is denied.
            gathered.setdefault(mention.code, _Gathered()).deny(mention)
            continue
        for code in lexicon.with_implied(mention.code):
            state = gathered.setdefault(code, _Gathered())
            state.present.append(mention)
            state.resolved = context.resolved
    return {code: State(tuple(state.present), tuple(state.denied), state.resolved) for code, state in gathered.items()}
