"""Eight people at once over the loopback: gunicorn with two workers, asked by eight threads."""

import http.client
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.bench.load import Server
from tests.bench.measuring import VARIANTS, Figures
from tests.bench.pages import Page, Sendable

WORKERS, THREADS, AT_ONCE = 2, 4, 8
EACH = 40  # requests of one page in one variant, one round
_APPLICATIONS = {True: "medichat.wsgi:application", False: "tests.bench.quiet_wsgi:application"}


@contextmanager
def web_server(application: str, environment: Mapping[str, str] | None = None) -> Iterator[int]:
    """A web server on a free port, with these settings besides, ended by its own process id; gives the port."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        port = listener.getsockname()[1]
        command = [
            sys.executable, "-m", "gunicorn", application, "--bind", f"fd://{listener.fileno()}", "--worker-class",
            "gthread", "--workers", str(WORKERS), "--threads", str(THREADS), "--log-level", "warning",
            "--no-control-socket", "--chdir", str(Path(__file__).resolve().parents[2]),
        ]  # fmt: skip
        process = subprocess.Popen(command, env={**os.environ, **(environment or {})}, pass_fds=[listener.fileno()])
        try:
            _wait(process, port)
            yield port
        finally:
            process.terminate()
            process.wait(timeout=30)


def _wait(process: "subprocess.Popen[bytes]", port: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/health")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.2)
        finally:
            connection.close()
    raise RuntimeError("The web server of the bench did not start.")


def measure_together(server: Server, measured: Sequence[Page], figures: Sequence[Figures], count: int) -> None:
    """Add the times of requests sent eight at a time; the web servers with and without the log run side by side."""
    found = {(figure.page, figure.variant): figure for figure in figures}
    with ExitStack() as stack:
        server.row_security(on=True)  # the application does not start otherwise
        ports = {record: stack.enter_context(web_server(name)) for record, name in _APPLICATIONS.items()}
        for turn in range(-1, count):
            for page in measured:
                requests = [page.requests[(turn * EACH + place) % len(page.requests)] for place in range(EACH)]
                for variant in VARIANTS:
                    server.row_security(on=variant.row_security)
                    times, seconds = eight_at_a_time(ports[variant.record], requests)
                    if turn >= 0:
                        found[page.name, variant].together += times
                        found[page.name, variant].together_seconds += seconds
        server.row_security(on=True)


def eight_at_a_time(port: int, requests: Sequence[Sendable]) -> tuple[list[float], float]:
    """Send them all, eight at a time; returns each one's milliseconds and the seconds of all."""
    times: list[float] = []
    wrong: list[str] = []
    waiting = list(requests)

    def send() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        while True:
            try:
                request = waiting.pop()
            except IndexError:
                break
            begun = time.perf_counter()
            connection.request(request.method, request.path, request.body() or None, request.headers())
            answer = connection.getresponse()
            answer.read()
            times.append(1000 * (time.perf_counter() - begun))
            if answer.status != 200:
                wrong.append(f"{request.method} {request.path}: {answer.status}")
        connection.close()

    begun = time.perf_counter()
    threads = [threading.Thread(target=send) for _ in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong, wrong[:3]
    assert len(times) == len(requests)
    return times, time.perf_counter() - begun
