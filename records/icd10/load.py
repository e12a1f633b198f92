"""Loads a release of ICD-10-CM and the synonyms into the reference table, all of it or nothing."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import connection, transaction

from records.icd10.read import Release, codes_of, telling_words, words_of
from records.models.codes import Icd10Code, Icd10Word, loaded_release

SYNONYMS = Path(__file__).with_name("synonyms.toml")
# The same for everybody who loads: two at once would disturb each other.
_LOCK = 1_010_202_607


class SynonymsError(Exception):
    """The file with the synonyms names a code that the release does not have, or cannot be read."""


@dataclass(frozen=True)
class Synonyms:
    """What people say: phrases that mean a code, and words that the classification says otherwise."""

    phrases: Mapping[str, Sequence[str]]
    """Code -> what it is called."""
    words: Mapping[str, Sequence[str]]
    """Word -> the words of the classification."""


def synonyms(path: Path = SYNONYMS) -> Synonyms:
    """What the file says. Raises SynonymsError when it is not as it should be."""
    try:
        content: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        said = Synonyms(phrases=dict(content["codes"]), words=dict(content["words"]))
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        raise SynonymsError(f"{path.name} cannot be read: {error}") from error
    for table in (said.phrases, said.words):
        for key, names in table.items():
            if not isinstance(names, list) or not names or not all(isinstance(name, str) and name for name in names):
                raise SynonymsError(f"{path.name}: {key} needs a list of names.")
    return said


def load(release: Release, said: Synonyms) -> int:
    """Replace what is loaded by this release; returns how many codes it has. Raises SynonymsError."""
    codes = {code.code: code for code in codes_of(release)}
    unknown = sorted(said.phrases.keys() - codes.keys())
    if unknown:
        raise SynonymsError(f"synonyms.toml names codes that {release.name} does not have: {', '.join(unknown)}")
    vocabulary: dict[str, list[str]] = {}
    with transaction.atomic(), connection.cursor() as cursor:
        # Longer than any page may take.
        cursor.execute("SET LOCAL statement_timeout = 0")
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        Icd10Code.objects.all().delete()
        Icd10Word.objects.all().delete()
        columns = "code, title, is_complete, release, words, phrases, also_called, commonly_called"
        with cursor.copy(f"COPY icd10_codes ({columns}) FROM STDIN") as copy:
            for code in codes.values():
                common = list(said.phrases.get(code.code, ()))
                # What a seventh character adds is found by the code that it is added to.
                names = common if code.is_extension else [code.title, *code.also_called, *common]
                words = sorted({word for name in names for word in telling_words(name)})
                vocabulary.update((word, []) for word in words)
                phrases = sorted({" ".join(words_of(name)) for name in names})
                copy.write_row(
                    (code.code, code.title, code.is_complete, release.name, words, phrases, code.also_called, common)
                )
        for word, meant in said.words.items():
            vocabulary[words_of(word)[0]] = [words_of(one)[0] for one in meant]
        with cursor.copy("COPY icd10_words (word, means) FROM STDIN") as copy:
            for word, means in sorted(vocabulary.items()):
                copy.write_row((word, means))
    return len(codes)


def is_loaded(release: Release) -> bool:
    """Whether this release is the one that is loaded."""
    return loaded_release() == release.name
