"""Words to find patients by: names, allergens, medications, conditions.

Row-level security lets PostgreSQL use an index only for leakproof operators such as ``=``. So the words of a patient's
entries stand one a row and are compared with ``=``; typing errors and beginnings of words are resolved first, in a
vocabulary that belongs to no patient.
"""

import re
import unicodedata
from typing import Self

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import TrigramSimilarity
from django.db import models

from accounts.models import User
from medichat.db.base import choices_constraint
from records.models.care import visible_patients

WORDS_SEARCHED = 6
WORDS_CONSIDERED = 50


class WordKind(models.TextChoices):
    """What a word was found in."""

    NAME = "name", "Name"
    ALLERGEN = "allergen", "Allergen"
    MEDICATION = "medication", "Medication"
    CONDITION = "condition", "Condition"


class SearchWordQuerySet(models.QuerySet["SearchWord"]):
    """Words for queries on search words."""

    def visible_to(self, user: User) -> Self:
        """Words of the patients whom this person may see."""
        return self.filter(visible_patients(user))

    def like(self, word: str, *kinds: WordKind) -> Self:
        """Rows with this word, a word that begins with it, or one that is spelt nearly so."""
        known = VocabularyWord.objects.filter(kind__in=kinds).filter(
            models.Q(word__startswith=word) | models.Q(word__trigram_similar=word)
        )
        # The word itself comes first: a limit must never cut it off. Evaluated here, because row-level security lets
        # only a comparison with given words use the index.
        nearest = known.annotate(similarity=TrigramSimilarity("word", word)).order_by("-similarity", "word")
        words = list(nearest.values_list("word", flat=True)[:WORDS_CONSIDERED])
        return self.filter(kind__in=kinds, word__in=words)


def words_of(phrase: str) -> list[str]:
    """The words of a phrase as the database's triggers store them: lower case, without accents or punctuation."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", phrase.lower()) if not unicodedata.combining(c))
    return re.findall(r"[^\W_]+", plain)


def patients_like(user: User, phrase: str, *kinds: WordKind, column: str = "patient_id") -> models.Q | None:
    """The condition on ``column`` that every word of the phrase occurs in one of the kinds; None without words."""
    words = words_of(phrase)[:WORDS_SEARCHED]
    if not words:
        return None
    condition = models.Q()
    for word in words:
        rows = SearchWord.objects.visible_to(user).like(word, *kinds)
        condition &= models.Q((f"{column}__in", rows.values("patient_id")))
    return condition


class SearchWord(models.Model):
    """One word of one entry of one patient, written by triggers (see ``index_search_words`` in the first migration)."""

    id = models.BigAutoField(primary_key=True)
    kind = models.CharField(max_length=10, choices=WordKind)
    word = models.CharField(max_length=100)
    patient = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    entry_id = models.UUIDField()

    objects = SearchWordQuerySet.as_manager()

    class Meta:
        db_table = "search_words"
        constraints = [choices_constraint("kind", WordKind, name="search_words_kind")]
        indexes = [
            models.Index(fields=["word", "kind", "patient"], name="search_words_by_word"),
            models.Index(fields=["entry_id"], name="search_words_of_entry"),
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.word}"


class VocabularyWord(models.Model):
    """A word that occurs somewhere, without whose it is: the target of typo-tolerant and prefix search.

    It holds single words and nobody's id, so it needs no row-level security, which would keep its index from being
    used.
    """

    id = models.BigAutoField(primary_key=True)
    kind = models.CharField(max_length=10, choices=WordKind)
    word = models.CharField(max_length=100)

    class Meta:
        db_table = "vocabulary_words"
        constraints = [
            choices_constraint("kind", WordKind, name="vocabulary_words_kind"),
            models.UniqueConstraint(fields=["kind", "word"], name="vocabulary_words_once"),
        ]
        indexes = [GinIndex(fields=["word"], opclasses=["gin_trgm_ops"], name="vocabulary_words_similar")]

    def __str__(self) -> str:
        return f"{self.kind}: {self.word}"
