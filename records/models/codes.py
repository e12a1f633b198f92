"""Codes of diagnoses: a reference table that belongs to no patient, searched by code, word, synonym and nearly so."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.search import TrigramSimilarity
from django.db import models
from django.db.models import Case, F, IntegerField, Value, When
from django.db.models.functions import Length, Substr

from medichat.db.plans import plan_for_these_values
from records.icd10.read import SMALL_WORDS, telling_words, words_of

WORDS_SEARCHED = 6
SPELLINGS = 8
BEGINNINGS = 200
SHORTEST_BEGINNING = 3
SHORTEST_MISSPELT = 4
FOUND = 30
_LIKE_A_CODE = re.compile(r"[A-Z]\d[0-9A-Z]?\.?[0-9A-Z]{0,4}")
_RANGE = re.compile(r"(?P<first>[A-Z]\d[0-9A-Z])\s*(?:-|–|to)\s*(?P<last>[A-Z]\d[0-9A-Z])", re.IGNORECASE)


@dataclass(frozen=True)
class CodeGroup:
    """A code with everything below it ('J45'), or a range of categories ('E08-E13')."""

    first: str
    last: str = ""

    @classmethod
    def read(cls, text: str) -> "CodeGroup | None":
        """The group that somebody wrote, or None when it is none."""
        plain = text.strip().upper()
        if found := _RANGE.fullmatch(plain):
            return cls(*sorted((found["first"], found["last"])))
        return cls(with_point(plain)) if _LIKE_A_CODE.fullmatch(plain) and len(plain) >= 3 else None

    def __str__(self) -> str:
        return f"{self.first}–{self.last}" if self.last else self.first


def with_point(code: str) -> str:
    """A code in its usual form: ``j45909`` -> ``J45.909``."""
    plain = code.strip().upper().replace(".", "")
    return f"{plain[:3]}.{plain[3:]}" if len(plain) > 3 else plain


class Icd10CodeQuerySet(models.QuerySet["Icd10Code"]):
    """Words for queries on codes."""

    def like(self, phrase: str) -> list["Icd10Code"]:
        """The codes that fit best, at most ``FOUND``: a code by its beginning, else every word must fit.

        A word fits as it is written, as the beginning of a word, or, when there is no such word, nearly so. Names that
        were asked for literally come first, then short ones: the general before the special.
        """
        if codes := self._beginning_with(phrase):
            return codes
        plan_for_these_values()
        words = telling_words(phrase)[:WORDS_SEARCHED]
        spellings = _spellings(words) if words else {}
        if found := self._with_words(words, spellings, phrase):
            return found
        # Somebody who says more than the classification does: one word too many is forgiven.
        for left_out in reversed(words) if len(words) > 1 else ():
            if found := self._with_words([word for word in words if word != left_out], spellings, phrase):
                return found
        return []

    def _with_words(self, words: list[str], spellings: dict[str, list[str]], phrase: str) -> list["Icd10Code"]:
        """The codes in which every one of these words occurs in one of its spellings."""
        if not words or not all(spellings[word] for word in words):
            return []
        found = self.all()
        for word in words:
            found = found.filter(words__overlap=spellings[word])
        nearest = [spellings[word][0] for word in words]
        fit = Case(
            When(phrases__contains=[" ".join(words_of(phrase))], then=Value(0)),
            When(phrases__contains=[" ".join(nearest)], then=Value(1)),
            When(words__contains=words, then=Value(2)),
            When(words__contains=nearest, then=Value(3)),
            default=Value(4),
            output_field=IntegerField(),
        )
        return list(found.annotate(fit=fit).order_by("fit", Length("title"), "code")[:FOUND])

    def _beginning_with(self, phrase: str) -> list["Icd10Code"]:
        written = phrase.strip().upper()
        if len(written) < 2 or not _LIKE_A_CODE.fullmatch(written):
            return []
        return list(self.filter(code__startswith=with_point(written)).order_by("code")[:FOUND])

    def titles_of(self, codes: Iterable[str | None]) -> dict[str, str]:
        """What these codes mean, in one statement; codes that the release does not have are left out."""
        wanted = {code for code in codes if code}
        return dict(self.filter(code__in=wanted).values_list("code", "title")) if wanted else {}

    def categories_of(self, group: CodeGroup) -> list[str]:
        """The three-character categories that lie in the range."""
        categories = self.filter(category=F("code"), code__gte=group.first, code__lte=group.last)
        return list(categories.order_by("code").values_list("code", flat=True))


def _spellings(words: list[str]) -> dict[str, list[str]]:
    """The words of the classification that each of these words may mean, the likeliest first.

    As it stands, in the singular, and what is also said for it; from three letters on as the beginning of a word; when
    there is none of these, what is spelt nearly so.
    """
    meant = models.Q()
    for word in words:
        meant |= models.Q(word__in=_forms(word))
        if len(word) >= SHORTEST_BEGINNING:
            meant |= models.Q(word__startswith=word)
    known = list(Icd10Word.objects.filter(meant).order_by(Length("word"), "word")[: BEGINNINGS * len(words)])
    return {word: _known(word, known) or _misspelt(word) for word in words}


def _forms(word: str) -> list[str]:
    """The word, and its singular."""
    return [word, word.removesuffix("s"), word.removesuffix("es")]


def _known(word: str, known: list["Icd10Word"]) -> list[str]:
    forms = _forms(word)
    long_enough = len(word) >= SHORTEST_BEGINNING
    fitting = [one for one in known if one.word in forms or (long_enough and one.word.startswith(word))]
    literal = [one.word for one in fitting if one.word == word]
    also = [other for one in fitting if one.word in forms for other in one.means]
    return list(dict.fromkeys([*literal, *also, *(one.word for one in fitting)]))


def _misspelt(word: str) -> list[str]:
    if len(word) < SHORTEST_MISSPELT:
        return []
    alike = Icd10Word.objects.filter(word__trigram_similar=word).annotate(similarity=TrigramSimilarity("word", word))
    found = alike.order_by("-similarity", "word").values_list("word", flat=True)[:SPELLINGS]
    # Of these the one with the fewest letters to change: asthna is asthma and not asthenia, migrane is migraine.
    return sorted(found, key=lambda other: (_changes(word, other), -SequenceMatcher(None, word, other).ratio()))


def _changes(one: str, other: str) -> int:
    """How many letters must be put in, taken out or exchanged to make one word of the other (Levenshtein)."""
    row = list(range(len(other) + 1))
    for number, letter in enumerate(one, start=1):
        before, row[0] = row[0], number
        for place, its in enumerate(other, start=1):
            before, row[place] = row[place], min(row[place] + 1, row[place - 1] + 1, before + (letter != its))
    return row[-1]


class Icd10Code(models.Model):
    """One code of ICD-10-CM (public domain, CDC/NCHS), loaded by ``manage.py load_icd10``."""

    code = models.CharField(primary_key=True, max_length=8, db_collation="C")
    title = models.TextField()
    category = models.GeneratedField(
        expression=Substr("code", 1, 3), output_field=models.CharField(max_length=3, db_collation="C"), db_persist=True
    )
    is_complete = models.BooleanField(help_text="No more exact code stands below it.")
    release = models.CharField(max_length=20)
    words = ArrayField(models.TextField(), default=list)
    phrases = ArrayField(models.TextField(), default=list)
    also_called = ArrayField(models.TextField(), default=list, help_text="Further names in the classification.")
    commonly_called = ArrayField(
        models.TextField(), default=list, help_text="What people say, from our own list; nobody has reviewed it."
    )

    objects = Icd10CodeQuerySet.as_manager()

    class Meta:
        db_table = "icd10_codes"
        verbose_name = "ICD-10-CM code"
        ordering = ["code"]
        indexes = [
            GinIndex(fields=["words"], name="icd10_codes_words"),
            models.Index(fields=["category"], name="icd10_codes_category"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.title}"

    def found_by(self, phrase: str) -> "FoundBy | None":
        """The further name by which this code was found; None where the title says all that was looked for."""
        sought = [word for word in telling_words(phrase) if word not in SMALL_WORDS]
        if _share(sought, self.title) == len(sought):
            return None
        names = [FoundBy(name, False) for name in self.commonly_called]
        names += [FoundBy(name, True) for name in self.also_called]
        best = max(names, key=lambda name: (_share(sought, name.name), name.is_official, -len(name.name)), default=None)
        return best if best and _share(sought, best.name) else None


@dataclass(frozen=True)
class FoundBy:
    """A further name of a code."""

    name: str
    is_official: bool
    """Whether it is the classification's own, and not one from our unreviewed list."""


def _share(sought: list[str], name: str) -> int:
    """How many of the words begin a word of the name, typing errors after the fourth letter forgiven."""
    said = words_of(name)
    return sum(any(one.startswith(word[:4]) for one in said) for word in sought)


class Icd10Word(models.Model):
    """A word that occurs in the classification or in a synonym: the target of beginnings and typing errors."""

    word = models.TextField(primary_key=True, db_collation="C")
    means = ArrayField(models.TextField(), default=list, help_text="Words of the classification for the same thing.")

    class Meta:
        db_table = "icd10_words"
        verbose_name = "word of ICD-10-CM"
        verbose_name_plural = "words of ICD-10-CM"
        indexes = [GinIndex(OpClass(F("word"), name="gin_trgm_ops"), name="icd10_words_similar")]

    def __str__(self) -> str:
        return self.word


def code_exists(code: str) -> bool | None:
    """Whether the classification has this code; None while none is loaded."""
    if Icd10Code.objects.filter(pk=code).exists():
        return True
    return None if not Icd10Code.objects.exists() else False


def loaded_release() -> str | None:
    """The release that the table holds; None while it is empty."""
    first = Icd10Code.objects.order_by("code").first()
    return first.release if first else None
