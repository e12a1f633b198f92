"""Everything that ``make run`` needs after the packages are installed, in one process that ends it all."""

import contextlib
import ctypes
import hashlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from http.client import HTTPException
from pathlib import Path
from types import FrameType
from typing import IO, Any

from django import get_version
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.staticfiles.finders import get_finders
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections

from medichat.db.cluster import ClusterError
from medichat.db.context import system
from medichat.db.embedded import Embedded
from medichat.db.roles import SetupError
from medichat.db.start import missing_migrations, refuse_unfit_database
from medichat.management.commands import load_demo

PERIODIC_SECONDS = 60
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Command(BaseCommand):
    """Database, migrations, demo clinic, static files, web server and periodic work; Ctrl-C ends all of it."""

    help = "Serves MediChat: starts the embedded database when DATABASE_URL is unset, migrates, and runs gunicorn."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Where to listen."""
        parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (127.0.0.1)")
        parser.add_argument("--port", type=int, default=None, help="the port to listen on (PORT, else 8000)")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Serve until a signal comes or the web server ends."""
        for number in SIGNALS:
            signal.signal(number, interrupt)
        with contextlib.ExitStack() as running:
            try:
                self._serve(running, options["host"], options["port"])
            except KeyboardInterrupt:
                self._say("\nStopping ...")
            except (ClusterError, SetupError, ImproperlyConfigured) as error:
                raise CommandError(str(error)) from error
            finally:
                # From here on a second Ctrl-C must not cut the clean end short.
                for number in SIGNALS:
                    signal.signal(number, signal.SIG_IGN)
        self._say("Stopped. Nothing is left running.")

    def _serve(self, running: contextlib.ExitStack, host: str, port: int | None) -> None:
        # The port first: nothing has to be undone when it is taken.
        listener = running.enter_context(listen(host, port))
        demo = settings.EMBEDDED_DATABASE
        if demo:
            embedded = running.enter_context(Embedded(settings.DATA_DIR))
            where = "" if embedded.elsewhere is None else (
                " (there, because PostgreSQL does not run as root and its account cannot enter the data directory)"
            )  # fmt: skip
            self._say(f"Database: embedded PostgreSQL in {embedded.cluster.directory}{where}")
        running.callback(connections.close_all)
        self._migrate()
        refuse_unfit_database()
        if demo:
            self._load_demo()
        self._collect_static()
        connections.close_all()

        environment = {**os.environ, "DJANGO_SETTINGS_MODULE": os.environ["DJANGO_SETTINGS_MODULE"]}
        environment["MEDICHAT_DEMO"] = "1" if demo else ""
        bound_port = listener.getsockname()[1]
        web = running.enter_context(child(gunicorn_command(listener.fileno()), environment, keep=[listener.fileno()]))
        self._wait_until_served(web, host, bound_port)
        self._announce(host, bound_port, demo=demo)
        if demo:
            running.enter_context(self._loading_codes(environment))
        self._watch(running, web, environment)

    def _migrate(self) -> None:
        """Migrate when something is missing and the owner's URL is known; refuse_unfit_database judges the result."""
        if "owner" not in settings.DATABASES:
            return
        missing = missing_migrations(connections["owner"])
        connections["owner"].close()
        if missing:
            self._say(f"Applying {len(missing)} migration(s) ...")
            call_command("migrate", verbosity=0)

    def _load_demo(self) -> None:
        """Fill an empty embedded database with the demo clinic; never any other."""
        with system():
            empty = not get_user_model()._base_manager.exists()
        if not empty:
            return
        self._say("Loading the demo clinic ...")
        call_command(load_demo.Command(), verbosity=0)

    @contextlib.contextmanager
    def _loading_codes(self, environment: dict[str, str]) -> Iterator[None]:
        """Load the codes of diagnoses beside the web server: nobody waits for them, and the next start has them."""
        report = Path(settings.DATA_DIR) / "codes.log"
        command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "load_icd10"]
        with report.open("wb") as said, child(command, environment, output=said):
            yield

    def _collect_static(self) -> None:
        """Collect the static files when one of them changed since the last time."""
        sources = hashlib.sha256(get_version().encode())
        for finder in get_finders():
            for path, storage in finder.list([]):
                status = Path(storage.path(path)).stat()
                sources.update(f"{path}\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
        stamp = Path(settings.STATIC_ROOT) / ".collected"
        if stamp.exists() and stamp.read_text() == sources.hexdigest():
            return
        self._say("Collecting static files ...")
        call_command("collectstatic", interactive=False, verbosity=0)
        stamp.parent.mkdir(parents=True, exist_ok=True)
        stamp.write_text(sources.hexdigest())

    def _wait_until_served(self, web: "subprocess.Popen[bytes]", host: str, port: int) -> None:
        """Return when a worker answers /health; CommandError when the web server gives up."""
        address = f"http://{url_host(host)}:{port}/health"
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if web.poll() is not None:
                raise CommandError("The web server did not start; the reason stands above.")
            with (
                contextlib.suppress(OSError, HTTPException),  # not yet
                urllib.request.urlopen(address, timeout=2),  # nosec B310  # our own http address
            ):
                return
            time.sleep(0.1)
        raise CommandError("The web server did not answer within a minute.")

    def _announce(self, host: str, port: int, *, demo: bool) -> None:
        address = f"http://{url_host(host)}:{port}"
        self._say(f"\n{settings.CLINIC_NAME} is open:\n  {address}/\n  {address}/admin/   (administrators)")
        if demo:
            for line in load_demo.Command.sign_ins:
                self._say(f"  {line}")
        self._say("Ctrl-C stops everything.")

    def _watch(
        self, running: contextlib.ExitStack, web: "subprocess.Popen[bytes]", environment: dict[str, str]
    ) -> None:
        """Run the periodic work every minute until the web server ends or a signal comes."""
        command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "run_periodic"]
        report = Path(settings.DATA_DIR) / "periodic.log"  # what the last run said
        last_run = running.enter_context(contextlib.ExitStack())
        periodic: subprocess.Popen[bytes] | None = None
        next_run = time.monotonic()
        while web.poll() is None:
            if periodic is not None and periodic.poll() is not None:
                if periodic.returncode:
                    self.stderr.write(f"{report.read_text()}The periodic work failed; it is tried again in a minute.")
                last_run.close()
                periodic = None
            if periodic is None and time.monotonic() >= next_run:
                said = last_run.enter_context(report.open("wb"))
                periodic = last_run.enter_context(child(command, environment, output=said))
                next_run = time.monotonic() + PERIODIC_SECONDS
            time.sleep(0.5)
        raise CommandError(f"The web server ended by itself with status {web.returncode}.")

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()


def interrupt(_number: int, _frame: FrameType | None) -> None:
    """Every signal that asks to end does what Ctrl-C does."""
    raise KeyboardInterrupt


def listen(host: str, port: int | None) -> socket.socket:
    """The listening socket, opened before anything else starts. CommandError when the port cannot be had."""
    if port is None:
        given = os.environ.get("PORT", "").strip() or "8000"
        if not given.isdigit() or int(given) > 65535:
            raise CommandError(f"PORT must be a number up to 65535, not {given!r}.")
        port = int(given)
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=512)
    except OSError as error:
        raise CommandError(
            f"Cannot listen on {host}:{port}: {error.strerror}. If something else uses the port, stop it or choose "
            f"another one: PORT={port + 1} make run"
        ) from error


def url_host(host: str) -> str:
    """The host as it stands in an address that a browser on this machine can open."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound  # nosec B104
    return f"[{host}]" if ":" in host else host


def gunicorn_command(listener: int) -> list[str]:
    """Gunicorn with a few workers of several threads each; WEB_CONCURRENCY changes the number of workers."""
    workers = os.environ.get("WEB_CONCURRENCY") or str(max(2, min(os.cpu_count() or 2, 4)))
    return [
        sys.executable, "-m", "gunicorn", "medichat.wsgi:application",
        "--chdir", str(settings.BASE_DIR), "--bind", f"fd://{listener}", "--worker-class", "gthread",
        "--workers", workers, "--threads", "4", "--timeout", "60", "--graceful-timeout", "10",
        "--log-level", "warning", "--no-control-socket",
    ]  # fmt: skip


@contextlib.contextmanager
def child(
    command: list[str],
    environment: dict[str, str],
    *,
    keep: Sequence[int] = (),
    output: IO[bytes] | None = None,
) -> Iterator["subprocess.Popen[bytes]"]:
    """A process that ends with the block: asked first, killed after 20 seconds.

    It has a session of its own, so that the terminal's Ctrl-C reaches only this process, which ends things in order.
    """
    # A signal that came while the process is being started would leave it running with nobody to end it:
    # signals wait until it is known here.
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        process = subprocess.Popen(  # noqa: S603 - our own commands, no shell
            command, env=environment, pass_fds=keep, stdout=output, start_new_session=True, preexec_fn=begin_child
        )
    except BaseException:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        raise
    try:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def begin_child() -> None:
    """Hear signals again, and end with the parent: see ``end_with_parent``."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    end_with_parent()


def end_with_parent() -> None:
    """Linux: be told to end when this process is killed outright, so that no web server is left without it."""
    if sys.platform == "linux":
        set_parent_death_signal = 1  # PR_SET_PDEATHSIG
        ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGTERM)
