"""What development keeps under its data directory: generated secrets and the embedded PostgreSQL.

Nothing here starts by itself. ``connection_urls`` only says where the server will be; ``Embedded`` starts it for as
long as somebody uses it: every process that uses it holds a shared lock, and the last one to leave stops it.
"""

import base64
import fcntl
import hashlib
import json
import os
import secrets
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, TracebackType

from django.core.exceptions import ImproperlyConfigured

from medichat.db.cluster import LONGEST_SOCKET_DIRECTORY, Account, Cluster
from medichat.db.roles import DEFAULT_NAMES, set_up

KEY_SETTINGS = {"ENCRYPTION_KEY", "BLIND_INDEX_KEY", "AUDIT_SIGNING_KEY", "BACKUP_PRIVATE_KEY"}


@dataclass(frozen=True)
class ConnectionUrls:
    """How the two roles reach the embedded database."""

    application: str
    owner: str


def development_secret(data_dir: Path, name: str, make: Callable[[], str] | None = None) -> str:
    """The generated development value of a secret setting; made once and kept readable for its owner only.

    Settings that hold a key get ``dev:`` and 32 random bytes in base64, the others a random text, unless ``make`` says
    what.
    """

    def usual() -> str:
        if name in KEY_SETTINGS:
            return "dev:" + base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
        return secrets.token_urlsafe(48)

    return _made_once(data_dir, name, make or usual)


def connection_urls(data_dir: Path) -> ConnectionUrls:
    """The URLs of the embedded database, whether it runs or not."""
    plan = _plan(data_dir)
    cluster = plan.cluster()
    names = DEFAULT_NAMES
    return ConnectionUrls(
        application=cluster.url(names.database, role=names.application, password=plan.application_password),
        owner=cluster.url(names.database, role=names.owner, password=plan.owner_password),
    )


@dataclass(frozen=True)
class _Plan:
    """What is decided once for a data directory: the place of the cluster and its passwords."""

    directory: Path
    superuser_password: str
    owner_password: str
    application_password: str

    def cluster(self) -> Cluster:
        socket_directory = self.directory / "socket"
        if len(os.fsencode(socket_directory)) > LONGEST_SOCKET_DIRECTORY:
            # Cluster refuses the directory when somebody else made it.
            name = hashlib.sha256(os.fsencode(self.directory)).hexdigest()[:12]
            socket_directory = Path("/tmp") / f"medichat-{name}"  # noqa: S108  # nosec B108
        return Cluster(self.directory, socket_directory, self.superuser_password)


def _plan(data_dir: Path) -> _Plan:
    def make() -> str:
        decided = {name: secrets.token_urlsafe(24) for name in ("superuser", "owner", "application")}
        if os.geteuid() == 0 and not Account.unprivileged().can("-x", data_dir):
            # PostgreSQL does not run as root and its account cannot come here: the cluster goes where it can.
            decided["elsewhere"] = f"/var/lib/medichat-{secrets.token_hex(4)}"
        return json.dumps(decided)

    kept = json.loads(_made_once(data_dir, "postgresql.json", make))
    return _Plan(
        directory=Path(kept.get("elsewhere") or data_dir.resolve() / "postgresql"),
        superuser_password=kept["superuser"],
        owner_password=kept["owner"],
        application_password=kept["application"],
    )


def _made_once(data_dir: Path, name: str, make: Callable[[], str]) -> str:
    """The content of a file in the private directory ``secrets``; two processes that ask at once get the same."""
    directory = data_dir / "secrets"
    path = directory / name
    try:
        try:
            return path.read_text()
        except FileNotFoundError:
            pass
        if not data_dir.exists():
            # Root's PostgreSQL runs as another account, which must pass through but cannot list.
            data_dir.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
        directory.mkdir(mode=0o700, exist_ok=True)
        with _locked(directory / ".lock"):
            if path.exists():
                return path.read_text()
            unfinished = directory / f".{name}.new"
            unfinished.unlink(missing_ok=True)
            unfinished.touch(mode=0o600)
            with unfinished.open("w") as file:
                file.write(make())
                file.flush()
                os.fsync(file.fileno())
            unfinished.rename(path)
            return path.read_text()
    except OSError as error:
        raise ImproperlyConfigured(
            f"The development secrets cannot be kept in {directory}: {error.strerror}. If another account made it, run "
            "as that account; otherwise set MEDICHAT_DATA_DIR to a directory that can be written."
        ) from error


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on a file; the kernel lets go of it however the process ends."""
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


class Embedded:
    """The embedded server, used as a context manager: runs inside the block, ends with its last user.

    Entering also makes the two roles and the database. Raises ClusterError when the server cannot be started.
    """

    def __init__(self, data_dir: Path) -> None:
        self._plan = _plan(data_dir)
        self.cluster = self._plan.cluster()
        self._use: int | None = None

    @property
    def elsewhere(self) -> Path | None:
        """Where the cluster lies when it could not lie in the data directory (see ``_plan``)."""
        return self.cluster.directory if self.cluster.directory.name != "postgresql" else None

    def is_running(self) -> bool:
        """Whether the server runs, started by whomever."""
        return self.cluster.is_running()

    def __enter__(self) -> "Embedded":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start the server unless it runs, make what is missing in it, and count this process as a user."""
        directory = self.cluster.directory
        directory.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
        with _locked(directory / "control.lock"):
            use = os.open(directory / "in-use.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(use, fcntl.LOCK_SH)
            try:
                self.cluster.start()
                set_up(
                    self.cluster.url("postgres"),
                    DEFAULT_NAMES,
                    owner_password=self._plan.owner_password,
                    application_password=self._plan.application_password,
                )
            except BaseException:
                self._leave(use)
                raise
            self._use = use

    def stop(self) -> None:
        """Leave the server; it stops when no other process uses it. An interruption waits until that is done."""
        if self._use is None:
            return
        use, self._use = self._use, None
        with _undisturbed(), _locked(self.cluster.directory / "control.lock"):
            self._leave(use)

    def _leave(self, use: int) -> None:
        """Give up the shared lock, and stop the server when nobody else holds it (the caller holds control.lock)."""
        try:
            fcntl.flock(use, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pass  # somebody else still uses it; the last one stops it
        else:
            self.cluster.stop()
        finally:
            os.close(use)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Ignore Ctrl-C and the like inside the block: half a shutdown would leave the server behind."""

    def ignore(_number: int, _frame: FrameType | None) -> None:
        return None

    before = {number: signal.signal(number, ignore) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
