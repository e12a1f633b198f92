"""The folder of the previous system's files: whatever a document says, nothing outside the folder is ever read."""

import errno
import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from medichat.legacy.parse import rules
from medichat.legacy.parse.places import Place, place_in_uploads
from medichat.legacy.parse.rules import Rule
from medichat.legacy.read import SourceError
from medichat.legacy.uploads import folder as folders
from medichat.legacy.uploads.folder import NoFile, Upload, UploadsFolder

SECRET = b"another patient's letter"
SUPPRESSED = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
NAMES = ["uploads", "profiles", "letter.pdf", "link", "linked", "pipe", "..", ".", "", "secret", "etc", "C:", "\0", "~"]
SPELLINGS = st.one_of(
    st.text(max_size=60),
    st.text(alphabet="./\\:~%uploadsC2eF\0 ", max_size=40),
    st.lists(st.sampled_from(NAMES), max_size=7).flatmap(
        lambda steps: st.sampled_from(["/", "\\", "//"]).map(lambda between: between.join(steps))
    ),
    st.from_regex(r"(https?://[a-z.:0-9]*)?/?(uploads/)?(profiles/)?[\w. -]{0,30}", fullmatch=True),
)


@pytest.fixture
def uploads(tmp_path: Path) -> Iterator[UploadsFolder]:
    """A folder with one letter and one photo, and with everything that leads out of it or blocks."""
    root = tmp_path / "uploads"
    (root / "profiles").mkdir(parents=True)
    (root / "letter.pdf").write_bytes(b"%PDF a letter")
    (root / "profiles" / "face.jpg").write_bytes(b"a face")
    (root / "empty").touch()
    (tmp_path / "secret").write_bytes(SECRET)
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "secret").write_bytes(SECRET)
    (root / "link").symlink_to(tmp_path / "secret")
    (root / "linked").symlink_to(tmp_path / "etc")
    os.mkfifo(root / "pipe")
    with UploadsFolder(root) as opened:
        yield opened


def read(uploads: UploadsFolder, place: Place) -> bytes:
    with uploads.opened(place) as file:
        return file.read()


def refusal(uploads: UploadsFolder, place: Place) -> Rule:
    with pytest.raises(NoFile) as refused:
        read(uploads, place)
    return refused.value.rule


@pytest.mark.parametrize(
    ("stated", "place"),
    [
        ("uploads/file-1-2.pdf", ("file-1-2.pdf",)),
        ("file-1-2.pdf", ("file-1-2.pdf",)),
        ("/uploads/profiles/profile-1-2.jpg", ("profiles", "profile-1-2.jpg")),
        ("profiles/profile-1-2.jpg", ("profiles", "profile-1-2.jpg")),
        ("uploads\\file-1-2.pdf", ("file-1-2.pdf",)),
        ("C:\\clinic\\uploads\\file-1-2.pdf", ("file-1-2.pdf",)),
        ("/srv/uploads/app/uploads/file-1-2.pdf", ("file-1-2.pdf",)),
        ("http://localhost:5000/uploads/profiles/a.jpg", ("profiles", "a.jpg")),
        (" ./uploads/./žila 1.pdf\n", ("žila 1.pdf",)),
        ("../../etc/passwd", None),
        ("uploads/../../etc/passwd", None),
        ("uploads/a/../b.pdf", None),
        ("/etc/passwd", None),
        ("C:\\Windows\\win.ini", None),
        ("file:///etc/passwd", None),
        ("uploads/a.pdf:stream", None),
        ("uploads/a\0.pdf", None),
        ("uploads/\udcff.pdf", None),
        ("uploads/", None),
        ("uploads/uploads", None),
        ("uploads", None),
        ("/", None),
        ("", None),
    ],
)
def test_what_stands_behind_the_last_uploads_counts(stated: str, place: Place | None) -> None:
    assert place_in_uploads(stated) == place


@given(SPELLINGS)
@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_place_has_a_step_that_leads_out(stated: str) -> None:
    place = place_in_uploads(stated)
    for step in place or ():
        assert step not in ("", ".", "..")
        assert not {"/", "\\", "\0", ":"} & set(step)


@given(path=SPELLINGS, name=SPELLINGS)
@settings(max_examples=500, deadline=None, suppress_health_check=SUPPRESSED)
def test_whatever_a_document_says_nothing_outside_is_read(uploads: UploadsFolder, path: str, name: str) -> None:
    try:
        place = uploads.place_of(path, name)
        content = None if place is None else read(uploads, place)
    except NoFile as refused:
        assert refused.rule.code.startswith("file_")  # noqa: PT017 -- both ends are fine, a secret is not
    else:
        assert content in (None, b"%PDF a letter", b"a face")


@given(steps=st.lists(st.sampled_from([*NAMES, "a/../../secret", "face.jpg"]) | st.text(max_size=300), max_size=5))
@settings(max_examples=300, deadline=None, suppress_health_check=SUPPRESSED)
def test_not_even_a_place_made_by_hand_leads_out(uploads: UploadsFolder, steps: list[str]) -> None:
    try:
        content = read(uploads, tuple(steps))
    except (NoFile, ValueError):
        return
    assert content in (b"%PDF a letter", b"a face")


def test_a_file_is_read_whole(uploads: UploadsFolder) -> None:
    with uploads.opened(("letter.pdf",)) as file:
        assert file.beginning(4) == b"%PDF"
        assert file.read(6) + file.read() + file.read() == b"%PDF a letter"
    assert read(uploads, ("profiles", "face.jpg")) == b"a face"
    assert uploads.size(("letter.pdf",)) == 13


@pytest.mark.parametrize(
    ("place", "rule"),
    [
        (("nothing.pdf",), rules.FILE_MISSING),
        (("nowhere", "nothing.pdf"), rules.FILE_MISSING),
        (("x" * 300,), rules.FILE_MISSING),
        (("letter.pdf", "deeper"), rules.FILE_NOT_PLAIN),
        (("link",), rules.FILE_NOT_PLAIN),
        (("linked", "secret"), rules.FILE_NOT_PLAIN),
        (("pipe",), rules.FILE_NOT_PLAIN),
        (("profiles",), rules.FILE_NOT_PLAIN),
        (("empty",), rules.FILE_EMPTY),
    ],
)
def test_what_is_no_plain_file_is_not_opened(uploads: UploadsFolder, place: Place, rule: Rule) -> None:
    assert refusal(uploads, place) is rule


def test_a_file_beyond_what_can_be_kept_is_not_read(uploads: UploadsFolder, tmp_path: Path) -> None:
    with (tmp_path / "uploads" / "film.dcm").open("wb") as file:
        file.truncate(folders.MOST_BYTES + 1)
    assert refusal(uploads, ("film.dcm",)) is rules.FILE_TOO_LARGE


@pytest.mark.parametrize("exchanged_for", ["link", "pipe"])
def test_what_is_put_in_the_place_of_a_file_after_the_look_is_neither_followed_nor_waited_for(
    uploads: UploadsFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exchanged_for: str
) -> None:
    letter = tmp_path / "uploads" / "letter.pdf"
    look = os.stat

    def exchange(*where: Any, **how: Any) -> os.stat_result:
        found = look(*where, **how)
        letter.unlink(missing_ok=True)
        if exchanged_for == "link":
            letter.symlink_to(tmp_path / "secret")
        else:
            os.mkfifo(letter)
        return found

    with monkeypatch.context() as patch:
        patch.setattr(os, "stat", exchange)
        assert refusal(uploads, ("letter.pdf",)) is rules.FILE_NOT_PLAIN


def test_a_file_that_is_still_being_written_is_left_for_the_next_run(uploads: UploadsFolder, tmp_path: Path) -> None:
    letter = uploads.opened(("letter.pdf",))
    with letter as file, (tmp_path / "uploads" / "letter.pdf").open("ab") as more:
        more.write(b"and more")
        more.flush()
        assert file.read() == b"%PDF a letter"  # it ends where it ended when it was opened
        with pytest.raises(NoFile) as refused:
            letter.__exit__(None, None, None)
    assert refused.value.rule is rules.FILE_UNREADABLE


def test_a_disk_that_fails_while_reading_is_told() -> None:
    class Failing(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    with pytest.raises(NoFile) as refused:
        Upload(Failing(), 100).read()
    assert refused.value.rule is rules.FILE_UNREADABLE
    with pytest.raises(NoFile):
        Upload(Failing(), 100).beginning(10)


def test_everything_in_the_folder_is_listed_without_following_links(uploads: UploadsFolder) -> None:
    found = {"/".join(place) for place in uploads.places()}
    assert found == {"letter.pdf", "profiles/face.jpg", "empty", "link", "linked", "pipe"}


def test_the_path_counts_and_the_name_only_where_there_is_none(uploads: UploadsFolder) -> None:
    assert uploads.place_of("uploads/a.pdf", "b.pdf") == ("a.pdf",)
    assert uploads.place_of(None, "b.pdf") == uploads.place_of("  ", "b.pdf") == ("b.pdf",)
    assert uploads.place_of(None, None) is uploads.place_of(" ", "") is None
    with pytest.raises(NoFile) as refused:
        uploads.place_of("../../etc/passwd", "b.pdf")
    assert refused.value.rule is rules.FILE_PATH_UNSAFE


def test_a_folder_that_cannot_be_the_uploads_is_refused_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "uploads").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(SourceError, match=r"name .*/uploads"):
        UploadsFolder(tmp_path)
    with pytest.raises(SourceError, match="No such file"):
        UploadsFolder(tmp_path / "nowhere")
    with pytest.raises(SourceError, match="Not a directory"):
        UploadsFolder(tmp_path / "file")


def test_no_handle_stays_open(uploads: UploadsFolder) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    for place in [("letter.pdf",), ("nothing",), ("linked", "secret"), ("pipe",), ("empty",), ("profiles", "face.jpg")]:
        try:
            read(uploads, place)
        except NoFile:
            continue
    list(uploads.places())
    assert len(list(Path("/proc/self/fd").iterdir())) == before
