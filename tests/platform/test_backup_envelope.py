"""The encryption around a backup: everything comes back, and nothing that was touched opens."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medichat.backup import BackupError
from medichat.backup.envelope import CHUNK_BYTES, OpeningReader, SealingWriter, new_key_pair
from medichat.backup.tables import bound

PRIVATE, PUBLIC = new_key_pair()


def sealed(content: bytes, *, piece: int = 100_000) -> bytes:
    target = io.BytesIO()
    writer = SealingWriter(target, ("office", PUBLIC))
    for start in range(0, len(content), piece):
        writer.write(content[start : start + piece])
    writer.finish()
    return target.getvalue()


def opened(data: bytes, key: tuple[str, bytes] = ("office", PRIVATE)) -> bytes:
    return io.BufferedReader(OpeningReader(io.BytesIO(data), key)).read()


@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES])
def test_everything_comes_back_whatever_its_length(size: int) -> None:
    content = bytes(range(256)) * (size // 256 + 1)
    assert opened(sealed(content[:size])) == content[:size]


def test_the_same_content_is_sealed_differently_each_time() -> None:
    assert sealed(b"x") != sealed(b"x")


@given(st.data())
def test_no_changed_byte_is_believed(data: st.DataObject) -> None:
    whole = sealed(b"the record of a patient " * 20)
    place = data.draw(st.integers(0, len(whole) - 1))
    bit = data.draw(st.integers(0, 7))
    changed = bytearray(whole)
    changed[place] ^= 1 << bit
    with pytest.raises(BackupError):
        opened(bytes(changed))


@given(st.data())
def test_no_file_that_was_cut_off_is_believed(data: st.DataObject) -> None:
    whole = sealed(b"x" * (CHUNK_BYTES + 1000))
    with pytest.raises(BackupError):
        opened(whole[: data.draw(st.integers(0, len(whole) - 1))])


def test_a_file_cut_off_between_two_parts_is_said_to_be() -> None:
    whole = sealed(b"x" * (2 * CHUNK_BYTES))
    with pytest.raises(BackupError, match="cut off"):
        opened(whole[: -(4 + CHUNK_BYTES + 16)])


def test_parts_that_changed_places_are_not_believed() -> None:
    whole = sealed(b"x" * (4 * CHUNK_BYTES))
    part = 4 + CHUNK_BYTES + 16
    parts = whole[-4 * part :]
    swapped = whole[: -4 * part] + parts[part : 2 * part] + parts[:part] + parts[2 * part :]
    with pytest.raises(BackupError, match="damaged"):
        opened(swapped)


def test_something_behind_the_end_is_not_believed() -> None:
    whole = sealed(b"x")
    with pytest.raises(BackupError):
        opened(whole + b"more")


def test_another_key_is_named() -> None:
    other, _ = new_key_pair()
    with pytest.raises(BackupError, match="sealed for the key 'office'; BACKUP_PRIVATE_KEY holds 'attic'"):
        opened(sealed(b"x"), ("attic", other))
    with pytest.raises(BackupError, match="does not open"):
        opened(sealed(b"x"), ("office", other))


def test_any_other_file_is_no_backup() -> None:
    with pytest.raises(BackupError, match="no backup of MediChat"):
        opened(b"PGDMP and so on")


@pytest.mark.parametrize(
    "written", ["DEFAULT", "FOR VALUES FROM ('2026-11-01 00:00:00+00') TO ('2026-12-01 00:00:00+00')"]
)
def test_bounds_of_a_month_are_taken_as_they_are(written: str) -> None:
    assert bound(written).as_string(None) == written


@pytest.mark.parametrize(
    "written",
    ["", "DEFAULT; DROP TABLE users", "DEFAULT\n", "FOR VALUES FROM ('x') TO ('y')", "FOR VALUES IN (pg_sleep(1))"],
)
def test_a_backup_brings_no_statements_of_its_own(written: str) -> None:
    with pytest.raises(BackupError, match="bounds"):
        bound(written)
