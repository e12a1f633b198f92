"""A blind index: finding words in encrypted text without storing them.

A text becomes lexemes (normalised, stemmed words) and each lexeme a keyed HMAC, cut to the 64 bits of a PostgreSQL
bigint. Who has the database but not ``settings.BLIND_INDEX_KEY`` sees which messages share a word, not which word.
The language is English, as in the intake; words of other languages are found in the form in which they were written.

Changing anything here, or the key, makes what is stored useless: the index must then be built again.
"""

import hmac
import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from threading import Lock

import snowballstemmer
from django.conf import settings

# Tokens of this index can never equal another use of the key.
_DOMAIN = b"medichat blind index, word, 1\x00"
_LONGEST_WORD = 64
_MOST_QUERY_WORDS = 16

# A number, or a word that begins with a letter: '500mg' is '500' and 'mg', 'B12' stays whole.
_WORD = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_][^\W_]*")
# Letters that Unicode does not decompose into a base and an accent.
_PLAIN_LETTERS = str.maketrans({"æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ł": "l", "ı": "i", "ħ": "h"})

# Words that say nothing about a case. Not in the list, on purpose: no, not, without, both, all (also a leukaemia).
_STOPWORD_LIST = """
    about again also am an and any are aren as at be because been being but by can could couldn did didn do
    does doesn doing don for from get got had has hasn have haven having he her here hers him his how if in into is isn
    it its itself just ll me mine more most must my myself of off on once only or other our ours out over own re same
    she should shouldn so some such than that the their theirs them then there these they this those through to too
    ve very was wasn we were weren what when where which while who whom why will with won would wouldn you your yours
"""
_STOPWORDS = frozenset(_STOPWORD_LIST.split())

_stemmer = snowballstemmer.stemmer("english")
_stemmer_lock = Lock()  # a stemmer keeps the word it works on in itself


def tokens(text: str) -> set[int]:
    """The tokens to store with a text: signed 64-bit integers, one for each different lexeme."""
    key: bytes = settings.BLIND_INDEX_KEY
    found = {_token(key, word[:_LONGEST_WORD]) for word in set(_WORD.findall(_plain(text)))}
    return {token for token in found if token is not None}


def query_tokens(text: str) -> set[int]:
    """The tokens that a text must all have to match what somebody searches for (its first sixteen words).

    Empty when nothing is left to search for (blank, or stopwords only): that means no result, never every text.
    """
    found: set[int] = set()
    for token in _tokens(text):
        found.add(token)
        if len(found) == _MOST_QUERY_WORDS:
            break
    return found


def _tokens(text: str) -> Iterator[int]:
    key: bytes = settings.BLIND_INDEX_KEY
    for word in _WORD.findall(_plain(text)):
        token = _token(key, word[:_LONGEST_WORD])
        if token is not None:
            yield token


def _plain(text: str) -> str:
    """Lower case, compatibility forms unified, accents gone."""
    if text.isascii():  # nearly all texts: there is nothing to unify, and no accent
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter)).translate(_PLAIN_LETTERS)


@lru_cache(maxsize=65_536)
def _token(key: bytes, word: str) -> int | None:
    """The token of one word, None for a word that is not indexed. Cached: texts repeat few words many times."""
    if word[0].isdecimal():
        lexeme = word.replace(",", ".")
    elif len(word) < 2 or word in _STOPWORDS:
        return None
    else:
        with _stemmer_lock:
            lexeme = _stemmer.stemWord(word)
    # Lone surrogates come from broken JSON; such a word is indexed as if they were question marks.
    digest = hmac.digest(key, _DOMAIN + lexeme.encode("utf-8", "replace"), "sha256")
    return int.from_bytes(digest[:8], "big", signed=True)
