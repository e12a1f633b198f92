"""Finding words in encrypted text through keyed hashes of lexemes."""

import logging
import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medichat.db.blind_index import query_tokens, tokens


@pytest.mark.parametrize(
    ("written", "searched"),
    [
        ("My headaches are getting worse", "headache"),
        ("I was vomiting twice", "vomited"),
        ("Ménière's disease", "meniere disease"),
        ("Men\u0069\u0301ere", "MENIERE"),
        ("STRASSE", "straße"),
        ("œdème", "oedeme"),
        ("the ﬁnger", "finger"),
        ("paracetamol 500mg", "500 mg"),
        ("temperature 38,5", "38.5"),
        ("vitamin B12", "b12"),
        ("chest-pain", "pain chest"),
        ("a dose of 5 ml", "5"),
    ],
)
def test_a_word_is_found_in_another_form(written: str, searched: str) -> None:
    assert query_tokens(searched)
    assert query_tokens(searched) <= tokens(written)


@pytest.mark.parametrize(
    ("written", "searched"),
    [("chest pain", "abdominal"), ("B12", "12"), ("hypertension", "hypotension"), ("38.5", "38")],
)
def test_another_word_is_not_found(written: str, searched: str) -> None:
    assert not query_tokens(searched) & tokens(written)


@pytest.mark.parametrize("text", ["", "   ", "the and of I", "?!…", "x"])
def test_a_text_without_words_has_no_tokens(text: str) -> None:
    assert tokens(text) == query_tokens(text) == set()


def test_negations_and_sides_are_indexed() -> None:
    assert len(tokens("no not without both all left right")) == 7


@given(st.text(alphabet=st.characters()))
def test_every_text_can_be_indexed_and_every_token_fits_a_bigint(text: str) -> None:
    assert all(-(2**63) <= token < 2**63 for token in tokens(text))
    assert query_tokens(text) <= tokens(text)


def test_both_signs_occur_so_that_all_64_bits_are_used() -> None:
    found = tokens(" ".join(f"word{number}" for number in range(50)))
    assert len(found) == 50
    assert min(found) < -(2**60)
    assert max(found) > 2**60


def test_tokens_depend_on_the_key(settings: Any) -> None:
    settings.BLIND_INDEX_KEY = b"1" * 32
    first = tokens("chest pain")
    settings.BLIND_INDEX_KEY = b"2" * 32
    assert not first & tokens("chest pain")


def test_a_query_uses_at_most_sixteen_words() -> None:
    text = " ".join(f"word{number}" for number in range(50))
    assert len(query_tokens(text)) == 16


def test_threads_get_the_same_tokens() -> None:
    words = [f"running{letter}ness" for letter in "abcdefghijklmnopqrstuvwxyz"] + ["headaches", "vomiting", "bleeding"]
    found: list[set[int]] = []
    threads = [threading.Thread(target=lambda: found.append(tokens(" ".join(words)))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert all(each == found[0] for each in found)


def test_nothing_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        tokens("chest pain")
        query_tokens("chest pain")
    assert not caplog.records
