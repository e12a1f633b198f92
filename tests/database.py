"""The database of a test run: one throw-away cluster, one migrated template, a clone of it for every worker.

Everything runs as the two roles of production. The server starts when the first test needs it; the process that
pytest was started as (with xdist: the controller) removes it at the end. ``DATABASE_TEST_ADMIN_URL`` names another
server to use instead, as an administrative role that need not be a superuser.
"""

import fcntl
import json
import os
import secrets
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import psycopg
from psycopg import sql

from medichat.db.cluster import Cluster
from medichat.db.roles import Names, acting_as_owner, create_database, set_up, url_for

RUN = "MEDICHAT_TEST_RUN"  # how the workers of pytest-xdist learn of the run they belong to
# A developer's own environment must not change what is tested, and never reach a real database.
CLEARED = (
    "ALLOWED_HOSTS", "BEHIND_TLS_PROXY", "DATABASE_OWNER_URL", "DATABASE_POOL_SIZE", "DEBUG", "EMAIL_HOST", "FILES_DIR",
    "AUDIT_SEALS_FILE", "LOG_SQL", "MEDICHAT_DEMO", "PORT", "PUBLIC_URL", "SESSION_ABSOLUTE_HOURS",
    "SESSION_TIMEOUT_MINUTES", "TIME_ZONE", "TRUSTED_PROXIES", "CLINIC_NAME", "CLINIC_ADDRESS", "CLINIC_PHONE",
    "EMERGENCY_NUMBER", "CSRF_TRUSTED_ORIGINS", "BACKUP_PUBLIC_KEY", "BACKUP_PRIVATE_KEY", "AUDIT_ARCHIVE_DIR",
    "AUDIT_RETENTION_DAYS",
)  # fmt: skip
KEY = "test:dGhpcyBrZXkgaXMga25vd24gdG8gZXZlcnlib2R5ISE="
FIXED = {
    "DJANGO_SETTINGS_MODULE": "medichat.settings",
    "MEDICHAT_ENV": "test",
    "DATABASE_KEEP_PLANS": "1",
    "SECRET_KEY": "a secret of the tests that everybody knows and nobody uses",
    "JWT_SECRET": "another secret of the tests that everybody knows",
    "REFRESH_TOKEN_SECRET": "a third secret of the tests that everybody knows",
    "ENCRYPTION_KEY": KEY,
    "BLIND_INDEX_KEY": KEY,
    "AUDIT_SIGNING_KEY": KEY,
    "API_REQUESTS_PER_ADDRESS": "1000000",
    "API_REQUESTS_PER_PERSON": "1000000",
}


@dataclass(frozen=True)
class TestRun:
    """Where this run keeps its things, and the server it uses."""

    __test__ = False  # its name does not make it a test

    directory: str
    admin_url: str
    own_server: bool
    suffix: str
    password: str

    @property
    def template(self) -> Names:
        """The migrated database that is only ever cloned."""
        return self.names("template")

    def names(self, database: str) -> Names:
        """One database of this run with the two roles they all share."""
        return Names(
            database=f"medichat_test{self.suffix}_{database}",
            owner=f"medichat_test{self.suffix}_owner",
            application=f"medichat_test{self.suffix}_application",
        )

    def owner_url(self, names: Names) -> str:
        """How the owner reaches a database of this run."""
        return url_for(self.admin_url, names.database, names.owner, self.password)

    def application_url(self, names: Names) -> str:
        """How the application role reaches a database of this run."""
        return url_for(self.admin_url, names.database, names.application, self.password)

    def cluster(self) -> Cluster:
        """The throw-away cluster."""
        directory = Path(self.directory) / "postgresql"
        return Cluster(directory, directory / "socket", self.password, throw_away=True)

    def ensure_template(self, migrate: Callable[[Names], None]) -> None:
        """Start the server and make the migrated template, once a run; the other workers wait for it."""
        ready = Path(self.directory) / "template-ready"
        with (Path(self.directory) / "template.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if ready.exists():
                return
            if self.own_server:
                self.cluster().start()
            set_up(self.admin_url, self.template, owner_password=self.password, application_password=self.password)
            if not self.own_server:
                self._keep_membership()
            migrate(self.template)
            ready.touch()

    def clone(self, names: Names) -> None:
        """Make (again) a database as fresh as the template; whoever is still connected to the old one is thrown out."""
        with self.administration() as admin:
            self._drop(admin, names)
            strategy: Literal["wal_log", "file_copy"] = "file_copy" if self.own_server else "wal_log"
            create_database(admin, names, template=self.template.database, strategy=strategy)

    @contextmanager
    def administration(self) -> Iterator[psycopg.Connection]:
        """A connection that may make and drop the owner's databases."""
        with (
            psycopg.connect(self.admin_url, autocommit=True) as admin,
            acting_as_owner(admin, self.template.owner),
        ):
            yield admin

    def _keep_membership(self) -> None:
        """Without a superuser: stay a member of the owner, so that one worker does not end it under another."""
        owner = sql.Identifier(self.template.owner)
        with psycopg.connect(self.admin_url, autocommit=True) as admin:
            admin.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(owner))

    def end(self) -> None:
        """Remove everything the run made; nothing happens the second time."""
        if not Path(self.directory).exists():
            return
        try:
            if self.own_server:
                self.cluster().stop()
            elif (Path(self.directory) / "template-ready").exists():
                self._clean_other_server()
        finally:
            shutil.rmtree(self.directory)

    def _clean_other_server(self) -> None:
        with self.administration() as admin:
            rows = admin.execute(
                "SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [self.names("").database]
            ).fetchall()
            for (database,) in rows:
                self._drop(admin, Names(database, self.template.owner, self.template.application))
        with psycopg.connect(self.admin_url, autocommit=True) as admin:
            for role in (self.template.application, self.template.owner):
                admin.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(role)))

    @staticmethod
    def _drop(admin: psycopg.Connection, names: Names) -> None:
        admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(names.database)))


def begin() -> TestRun:
    """Prepare the environment of a run before Django's settings are read; starts nothing."""
    # A Unix socket's path must be short, and root's server runs as an account that cannot enter every place of root's.
    parent = "/tmp" if os.geteuid() == 0 or len(tempfile.gettempdir()) > 40 else None  # noqa: S108 -- see above; mkdtemp makes it
    directory = Path(tempfile.mkdtemp(prefix="medichat-tests-", dir=parent))
    directory.chmod(0o711)  # when root runs the tests, the server runs as another account and passes through
    (directory / "data" / "static").mkdir(parents=True)
    password = secrets.token_urlsafe(16)
    admin_url = os.environ.get("DATABASE_TEST_ADMIN_URL", "").strip()
    own_server = not admin_url
    suffix = "" if own_server else f"_{secrets.token_hex(3)}"
    if own_server:
        postgresql = directory / "postgresql"
        admin_url = Cluster(postgresql, postgresql / "socket", password).url("postgres")
    run = TestRun(str(directory), admin_url, own_server, suffix, password)
    for name in CLEARED:
        os.environ.pop(name, None)
    # Commands that tests start, and the other workers, would compile everything anew.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False
    template = run.template
    os.environ.update(
        FIXED,
        DATABASE_URL=run.application_url(template),
        DATABASE_OWNER_URL=run.owner_url(template),
        MEDICHAT_DATA_DIR=str(directory / "data"),
        **{RUN: json.dumps(asdict(run))},
    )
    return run


def joined() -> TestRun:
    """The run whose environment this process inherited or made."""
    return TestRun(**json.loads(os.environ[RUN]))
