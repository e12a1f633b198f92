"""PostgreSQL 15 of Debian with pgAudit, configured by docs/pgaudit.conf: the oldest version that is supported.

``python -m tests.debian_server`` runs the tests of row-level security on it (arguments go to pytest) and then looks for
the words of the tests' patient in the server's log.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from medichat.db.cluster import Account

PROGRAMS = Path("/usr/lib/postgresql/15/bin")
LIBRARY = PROGRAMS.parent / "lib" / "pgaudit.so"
CONFIGURATION = Path(__file__).resolve().parents[1] / "docs" / "pgaudit.conf"
WHY_NOT = "needs Debian's packages postgresql-15 and postgresql-15-pgaudit"
OF_THE_TEST = """
listen_addresses = ''
max_connections = 200
fsync = off
synchronous_commit = off
unix_socket_directories = '{socket}'
"""
ROW_SECURITY = ["tests/security", "tests/audit/test_append_only.py", "tests/audit/test_partitions.py", "-q", "-n", "2"]


def is_installed() -> bool:
    """Whether both packages are there."""
    return (PROGRAMS / "postgres").exists() and LIBRARY.exists()


@dataclass(frozen=True)
class DebianServer:
    """A running server: how its superuser reaches it, and what it logs."""

    admin_url: str
    log: Path

    def classes(self) -> Counter[str]:
        """How many lines pgAudit wrote of each class."""
        return Counter(re.findall(r"AUDIT: SESSION,\d+,\d+,(\w+),", self.log.read_text(errors="replace")))

    def audited(self, kind: str, table: str) -> bool:
        """Whether a statement of this class on this table is in the log."""
        return bool(re.search(rf"AUDIT: SESSION,\d+,\d+,{kind},\w+,[\w ]*TABLE,public\.{table},", self.log.read_text()))

    def words_in_log(self, words: tuple[str, ...]) -> list[str]:
        """Those of the words that the log holds."""
        content = self.log.read_text(errors="replace")
        return [word for word in words if word in content]


@contextmanager
def debian_server() -> Iterator[DebianServer]:
    """A throw-away server with the documented configuration, ended and removed afterwards."""
    account = Account.unprivileged() if os.geteuid() == 0 else None
    who: dict[str, object] = {"user": account.uid, "group": account.gid, "extra_groups": []} if account else {}
    directory = Path(tempfile.mkdtemp(prefix="mc-", dir="/tmp"))  # a socket's path must be short
    directory.chmod(0o700)
    if account:
        os.chown(directory, account.uid, account.gid)

    def run(program: str, *arguments: str) -> None:
        subprocess.run(  # type: ignore[call-overload]  # the account's keywords
            [str(PROGRAMS / program), *arguments], cwd="/", env={"PATH": os.defpath, "LC_ALL": "C"}, check=True,
            stdout=subprocess.DEVNULL, **who,
        )  # fmt: skip

    data, log = directory / "data", directory / "server.log"
    try:
        run("initdb", f"--pgdata={data}", "--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-sync")
        with (data / "postgresql.conf").open("a") as configuration:
            configuration.write(CONFIGURATION.read_text() + OF_THE_TEST.format(socket=directory))
        run("pg_ctl", "start", f"--pgdata={data}", f"--log={log}", "--wait", "--silent")
        try:
            yield DebianServer(f"postgresql://postgres@/postgres?host={quote(str(directory), safe='')}", log)
        finally:
            run("pg_ctl", "stop", f"--pgdata={data}", "--mode=immediate", "--silent")
    finally:
        shutil.rmtree(directory)


def main() -> int:
    """Run the tests on it and look at its log; the exit status is pytest's, or 1 when the log says too much."""
    from tests.security.words import SECRETS

    if not is_installed():
        sys.stderr.write(f"This {WHY_NOT}: apt-get install postgresql-15 postgresql-15-pgaudit\n")
        return 1
    with debian_server() as server:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *(sys.argv[1:] or ROW_SECURITY)],
            env={**os.environ, "DATABASE_TEST_ADMIN_URL": server.admin_url},
            check=False,
        )
        said = server.words_in_log(SECRETS)
        sys.stdout.write(f"pgAudit wrote {dict(server.classes())}; the patient's words in its log: {said or 'none'}.\n")
    return done.returncode or bool(said)


if __name__ == "__main__":
    sys.exit(main())
