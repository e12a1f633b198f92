"""Files at rest: stored completely or not at all, read only when they are what was stored."""

import hashlib
import io
import os
import stat
import time
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import OperationalError, transaction

from medichat.db import encrypted_files
from medichat.db.base import new_id
from medichat.db.encrypted_files import CHUNK_BYTES, FileDamaged, FileMissing, StoredFile

SIZES = [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES + 17]
SEALED_CHUNK = 4  # bytes of length in front of each chunk
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def files_dir(settings: Any, tmp_path: Path) -> Path:
    settings.FILES_DIR = tmp_path / "files"
    settings.ENCRYPTION_KEYS = [("old", b"o" * 32)]
    return tmp_path / "files"


@pytest.fixture
def no_transaction(monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests of the disk alone: the file store sees a connection without a transaction."""

    class Idle:
        in_atomic_block = False
        run_on_commit: list[Any] = []

    monkeypatch.setattr(transaction, "get_connection", lambda: Idle())


def content_of(size: int, seed: int = 1) -> bytes:
    return hashlib.shake_256(bytes([seed])).digest(size)


def store(content: bytes) -> tuple[UUID, StoredFile]:
    file_id = new_id()
    return file_id, encrypted_files.store(io.BytesIO(content), file_id=file_id)


def path_of(file_id: UUID, files_dir: Path) -> Path:
    return next(files_dir.rglob(str(file_id)))


def chunks_of(path: Path) -> list[bytes]:
    """The sealed chunks, each with its length in front."""
    data, chunks = path.read_bytes(), []
    while data:
        end = SEALED_CHUNK + int.from_bytes(data[:SEALED_CHUNK], "big")
        chunks.append(data[:end])
        data = data[end:]
    return chunks


def all_files(files_dir: Path) -> list[Path]:
    return [path for path in files_dir.rglob("*") if path.is_file()]


class TestOnTheDisk:
    pytestmark = pytest.mark.usefixtures("no_transaction")

    @pytest.mark.parametrize("size", SIZES)
    def test_a_file_comes_back_as_it_was(self, size: int) -> None:
        content = content_of(size)
        file_id, stored = store(content)
        assert stored == StoredFile(size, hashlib.sha256(content).hexdigest())
        assert encrypted_files.open_verified(file_id, stored.sha256) == content

    def test_a_stream_that_returns_little_at_a_time_is_stored_whole(self) -> None:
        class Trickle(io.BytesIO):
            def read(self, size: int | None = -1, /) -> bytes:
                return super().read(min(size or 1, 1000))

        content, file_id = content_of(2 * CHUNK_BYTES + 5), new_id()
        stored = encrypted_files.store(Trickle(content), file_id=file_id)
        assert encrypted_files.open_verified(file_id, stored.sha256) == content

    def test_only_the_owner_may_read_it_and_the_content_is_not_in_it(self, files_dir: Path) -> None:
        file_id, _stored = store(b"chest x-ray of a patient" * 100)
        path = path_of(file_id, files_dir)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        assert b"chest" not in path.read_bytes()
        assert all_files(files_dir) == [path]

    def test_a_stored_file_is_never_replaced(self) -> None:
        file_id, stored = store(b"first")
        with pytest.raises(FileExistsError):
            encrypted_files.store(io.BytesIO(b"second"), file_id=file_id)
        assert encrypted_files.open_verified(file_id, stored.sha256) == b"first"

    def test_a_stream_that_fails_leaves_nothing(self, files_dir: Path) -> None:
        class Broken(io.BytesIO):
            def read(self, size: int | None = -1, /) -> bytes:
                raise ConnectionError("the upload broke off")

        with pytest.raises(ConnectionError):
            encrypted_files.store(Broken(), file_id=new_id())
        assert all_files(files_dir) == []

    def test_a_missing_file_says_so(self) -> None:
        file_id, stored = store(b"x")
        encrypted_files.remove(file_id)
        encrypted_files.remove(file_id)
        with pytest.raises(FileMissing, match=str(file_id)):
            encrypted_files.open_verified(file_id, stored.sha256)

    def test_a_change_of_any_byte_is_noticed(self, files_dir: Path) -> None:
        file_id, stored = store(b"pain")
        path = path_of(file_id, files_dir)
        original = path.read_bytes()
        for position in range(len(original)):
            damaged = bytearray(original)
            damaged[position] ^= 1
            path.write_bytes(damaged)
            with pytest.raises(FileDamaged):
                encrypted_files.open_verified(file_id, stored.sha256)

    @pytest.mark.parametrize(
        "damage",
        [
            lambda chunks: chunks[:-1],  # cut off at the end of a chunk
            lambda chunks: [*chunks[:-1], chunks[-1][:-1]],  # cut off within a chunk
            lambda chunks: [],
            lambda chunks: [chunks[1], chunks[0], *chunks[2:]],
            lambda chunks: [*chunks, chunks[-1]],
            lambda chunks: [*chunks, b"\0\0\0\0"],
            lambda chunks: [*chunks, b"more"],
            lambda chunks: chunks[1:],
            lambda chunks: [b"\xff\xff\xff\xff" + chunks[0][4:], *chunks[1:]],
        ],
    )
    def test_chunks_cut_off_swapped_or_added_are_noticed(self, damage: Any, files_dir: Path) -> None:
        file_id, stored = store(content_of(3 * CHUNK_BYTES + 17))
        path = path_of(file_id, files_dir)
        path.write_bytes(b"".join(damage(chunks_of(path))))
        with pytest.raises(FileDamaged):
            encrypted_files.open_verified(file_id, stored.sha256)

    def test_a_foreign_file_or_chunk_is_noticed(self, files_dir: Path) -> None:
        (mine, stored), (theirs, _) = store(content_of(CHUNK_BYTES + 9, 1)), store(content_of(CHUNK_BYTES + 9, 2))
        path, foreign = path_of(mine, files_dir), path_of(theirs, files_dir)
        path.write_bytes(chunks_of(path)[0] + chunks_of(foreign)[1])
        with pytest.raises(FileDamaged):
            encrypted_files.open_verified(mine, stored.sha256)
        path.write_bytes(foreign.read_bytes())
        with pytest.raises(FileDamaged):
            encrypted_files.open_verified(mine, stored.sha256)

    def test_another_content_under_the_same_id_is_noticed(self) -> None:
        file_id, _stored = store(b"first")
        with pytest.raises(FileDamaged, match="SHA-256"):
            encrypted_files.open_verified(file_id, hashlib.sha256(b"second").hexdigest())

    def test_a_missing_key_is_named(self, settings: Any) -> None:
        file_id, stored = store(b"x")
        settings.ENCRYPTION_KEYS = [("new", b"n" * 32)]
        with pytest.raises(FileDamaged, match="'old'"):
            encrypted_files.open_verified(file_id, stored.sha256)

    def test_a_file_is_put_under_the_newest_key(self, settings: Any) -> None:
        content = content_of(2 * CHUNK_BYTES)
        file_id, stored = store(content)
        settings.ENCRYPTION_KEYS = [("new", b"n" * 32), ("old", b"o" * 32)]
        assert encrypted_files.reencrypt(file_id)
        assert not encrypted_files.reencrypt(file_id)
        settings.ENCRYPTION_KEYS = [("new", b"n" * 32)]
        assert encrypted_files.key_id(file_id) == "new"
        assert encrypted_files.open_verified(file_id, stored.sha256) == content

    def test_a_damaged_file_is_not_replaced_by_encrypting_it_again(self, settings: Any, files_dir: Path) -> None:
        file_id, _stored = store(content_of(3 * CHUNK_BYTES))
        path = path_of(file_id, files_dir)
        damaged = path.read_bytes()[:-5]
        path.write_bytes(damaged)
        settings.ENCRYPTION_KEYS = [("new", b"n" * 32), ("old", b"o" * 32)]
        with pytest.raises(FileDamaged):
            encrypted_files.reencrypt(file_id)
        assert path.read_bytes() == damaged
        assert all_files(files_dir) == [path]

    def test_orphans_and_unfinished_files_go_after_a_while(self, files_dir: Path) -> None:
        wanted, orphan, fresh = store(b"1")[0], store(b"2")[0], store(b"3")[0]
        unfinished = path_of(wanted, files_dir).with_name(f"{new_id()}.abc.part")
        unfinished.write_bytes(b"half")
        unrelated = unfinished.with_name("README")
        unrelated.write_bytes(b"an operator's note")
        for path in (path_of(wanted, files_dir), path_of(orphan, files_dir), unfinished, unrelated):
            two_days_ago = time.time() - 2 * DAY.total_seconds()
            os.utime(path, (two_days_ago, two_days_ago))
        assert encrypted_files.remove_orphans({wanted}, DAY) == 2
        assert set(encrypted_files.stored_ids()) == {wanted, fresh}
        assert unrelated.exists()
        assert not unfinished.exists()

    def test_nothing_is_removed_when_the_database_shows_no_file_at_all(self) -> None:
        file_id, _stored = store(b"1")
        assert encrypted_files.remove_orphans(set(), timedelta(seconds=-1)) == 0
        assert list(encrypted_files.stored_ids()) == [file_id]

    def test_sweeping_before_the_first_file_is_no_error(self) -> None:
        assert encrypted_files.remove_orphans(set(), DAY) == 0


class Refused(Exception):  # noqa: N818  # a made-up reason for a rollback
    pass


@pytest.mark.django_db
class TestInATransaction:
    def test_a_file_goes_with_its_transaction(self, files_dir: Path) -> None:
        with suppress(Refused), encrypted_files.pending(), transaction.atomic():
            store(b"x")
            assert len(all_files(files_dir)) == 1
            raise Refused
        assert all_files(files_dir) == []

    def test_a_file_goes_when_the_transaction_is_rolled_back_without_an_exception(self, files_dir: Path) -> None:
        with encrypted_files.pending(), transaction.atomic():
            store(b"x")
            transaction.set_rollback(True)
        assert all_files(files_dir) == []

    def test_a_file_goes_with_its_savepoint_and_another_stays(self) -> None:
        with encrypted_files.pending(), transaction.atomic():
            kept, _stored = store(b"kept")
            with suppress(Refused), transaction.atomic():
                store(b"gone")
                raise Refused
        assert list(encrypted_files.stored_ids()) == [kept]

    def test_the_enclosing_scope_decides_while_its_transaction_is_open(self) -> None:
        with suppress(Refused), encrypted_files.pending(), transaction.atomic():
            with encrypted_files.pending(), transaction.atomic():
                store(b"x")
            assert len(list(encrypted_files.stored_ids())) == 1
            raise Refused
        assert list(encrypted_files.stored_ids()) == []

    def test_storing_without_pending_is_refused(self, files_dir: Path) -> None:
        with pytest.raises(RuntimeError, match="pending"):
            store(b"x")
        assert all_files(files_dir) == []


@pytest.mark.django_db(transaction=True)
class TestAtTheCommit:
    def test_a_committed_file_stays(self) -> None:
        with encrypted_files.pending(), transaction.atomic():
            file_id, stored = store(b"x")
        assert encrypted_files.open_verified(file_id, stored.sha256) == b"x"

    def test_a_rolled_back_file_goes(self, files_dir: Path) -> None:
        with suppress(Refused), encrypted_files.pending(), transaction.atomic():
            store(b"x")
            raise Refused
        assert all_files(files_dir) == []

    def test_a_committed_file_stays_although_something_fails_after_the_commit(self) -> None:
        happened = []

        def fail() -> None:
            happened.append("failed")
            raise Refused

        with suppress(Refused), encrypted_files.pending(), transaction.atomic():
            transaction.on_commit(fail)
            file_id, _stored = store(b"x")
        assert happened == ["failed"]
        assert list(encrypted_files.stored_ids()) == [file_id]

    def test_a_file_stays_when_nobody_knows_whether_the_commit_arrived(self) -> None:
        with suppress(OperationalError), encrypted_files.pending(), transaction.atomic():
            file_id, _stored = store(b"x")
            raise OperationalError("server closed the connection unexpectedly")
        assert list(encrypted_files.stored_ids()) == [file_id]

    def test_storing_without_a_transaction_is_final(self) -> None:
        with suppress(Refused), encrypted_files.pending():
            file_id, _stored = store(b"x")
            raise Refused
        assert list(encrypted_files.stored_ids()) == [file_id]
