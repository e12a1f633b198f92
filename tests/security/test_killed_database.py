"""The database is killed in the middle of 200 concurrent writes, and starts again.

What was confirmed to a person is there exactly once. What was not is there wholly (the answer got lost after the
commit) or not at all, never in part; and doing it again with the same form does it once.
"""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

import psycopg
import pytest
from django.conf import settings

from medichat.db.cluster import Cluster
from medichat.db.roles import DEFAULT_NAMES, set_up
from tests.security.many_writes import Act

AT_ONCE = 16
KILL_AFTER = 60  # confirmed acts
CONFIRMED = {200, 302}

# For each conversation everything that belongs to the act, counted. All of it or nothing of it.
WHAT_AN_ACT_LEAVES = {
    "message": """
        SELECT count(*) FILTER (WHERE said.sender = 'patient'), count(logged.id),
               count(*) FILTER (WHERE said.sender = 'patient' AND EXISTS (
                   SELECT FROM messages reply WHERE reply.conversation_id = said.conversation_id
                   AND reply.position = said.position + 1 AND reply.sender <> 'patient'))
        FROM messages said LEFT JOIN activity_logs logged
          ON logged.action = 'message.sent' AND logged.resource_id = said.id::text AND said.sender = 'patient'
        WHERE said.conversation_id = %(case)s""",
    "claim": """
        SELECT (SELECT count(*) FROM conversations WHERE id = %(case)s AND doctor_id IS NOT NULL
                AND claimed_at IS NOT NULL),
               (SELECT count(*) FROM activity_logs WHERE resource_id = %(case)s::text
                AND action = 'conversation.claimed'),
               (SELECT count(*) FROM care_relations WHERE case_id = %(case)s AND doctor_id IS NOT NULL)""",
    "answer": """
        SELECT (SELECT count(*) FROM conversations WHERE id = %(case)s AND status = 'doctor_responded'
                AND diagnosis IS NOT NULL AND responded_at IS NOT NULL),
               (SELECT count(*) FROM activity_logs WHERE resource_id = %(case)s::text
                AND action = 'diagnosis.created'),
               (SELECT count(*) FROM prescriptions WHERE conversation_id = %(case)s),
               (SELECT count(*) FROM activity_logs logged JOIN prescriptions written
                ON logged.resource_id = written.id::text AND logged.action = 'prescription.created'
                WHERE written.conversation_id = %(case)s)""",
}


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """A server of this test alone that keeps what it has committed, as a clinic's does."""
    with tempfile.TemporaryDirectory(prefix="mc-") as name:
        path = Path(name)
        path.chmod(0o711)
        cluster = Cluster(path / "pg", path / "pg" / "s", "pass")
        cluster.start()
        yield cluster
        cluster.stop()


@pytest.fixture
def environment(cluster: Cluster, tmp_path: Path) -> dict[str, str]:
    """How programs of the clinic reach it."""
    set_up(cluster.url("postgres"), owner_password="o", application_password="a")
    names = DEFAULT_NAMES
    made = {
        **os.environ,
        "DATABASE_URL": cluster.url(names.database, role=names.application, password="a"),
        "DATABASE_OWNER_URL": cluster.url(names.database, role=names.owner, password="o"),
        "MEDICHAT_DATA_DIR": str(tmp_path),
    }
    subprocess.run([sys.executable, "manage.py", "migrate", "-v", "0"], cwd=settings.BASE_DIR, env=made, check=True)
    return made


@contextmanager
def web_server(environment: dict[str, str]) -> Iterator[int]:
    """Gunicorn on a free port, ended by its own process id; gives the port."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        command = [
            sys.executable, "-m", "gunicorn", "medichat.wsgi:application", "--bind", f"fd://{listener.fileno()}",
            "--worker-class", "gthread", "--workers", "2", "--threads", "8", "--log-level", "warning",
            "--no-control-socket", "--chdir", str(settings.BASE_DIR),
        ]  # fmt: skip
        process = subprocess.Popen(command, env=environment, pass_fds=[listener.fileno()], stderr=subprocess.DEVNULL)
        try:
            yield int(listener.getsockname()[1])
        finally:
            process.terminate()
            process.wait(timeout=30)


def do(port: int, act: Act) -> int | None:
    """Send the request; the status of the answer, None when there was none."""
    token = "a" * 32
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Cookie": f"{settings.SESSION_COOKIE_NAME}={act.session}; {settings.CSRF_COOKIE_NAME}={token}",
        "X-CSRFToken": token,
    }
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("POST", act.path, urlencode(act.body), headers)
        answer = connection.getresponse()
        answer.read()
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
    return answer.status


def do_all(port: int, acts: list[Act], *, meanwhile: threading.Event | None = None) -> dict[str, int | None]:
    """All acts, sixteen at a time; sets ``meanwhile`` when enough are confirmed."""
    waiting, answers = list(reversed(acts)), dict[str, int | None]()

    def work() -> None:
        while True:
            try:
                act = waiting.pop()
            except IndexError:
                return
            answers[act.conversation] = do(port, act)
            confirmed = sum(status in CONFIRMED for status in list(answers.values()))
            if meanwhile is not None and confirmed >= KILL_AFTER:
                meanwhile.set()

    threads = [threading.Thread(target=work) for _ in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def left_by(cluster: Cluster, acts: list[Act]) -> dict[str, tuple[int, ...]]:
    """What each act has left in the database, counted as superuser, to whom no policy applies."""
    with psycopg.connect(cluster.url(DEFAULT_NAMES.database)) as superuser:
        found = {}
        for act in acts:
            row = superuser.execute(WHAT_AN_ACT_LEAVES[act.kind], {"case": act.conversation}).fetchone()
            assert row is not None
            found[act.conversation] = tuple(row)
    return found


def kill(cluster: Cluster) -> None:
    """SIGKILL for the postmaster: nobody is told anything, and its children end when they notice."""
    os.kill(int((cluster.data / "postmaster.pid").read_text().splitlines()[0]), signal.SIGKILL)
    while cluster.is_running():
        time.sleep(0.01)


def test_what_was_confirmed_is_there_once_and_nothing_is_there_in_part(
    cluster: Cluster, environment: dict[str, str]
) -> None:
    made = subprocess.run(
        [sys.executable, "-m", "tests.security.many_writes"],
        cwd=settings.BASE_DIR,
        env=environment,
        check=True,
        stdout=subprocess.PIPE,
    )
    acts = [Act(**act) for act in json.loads(made.stdout)]
    assert len(acts) == 200
    enough = threading.Event()
    with web_server(environment) as port:
        answers: dict[str, int | None] = {}
        writers = threading.Thread(target=lambda: answers.update(do_all(port, acts, meanwhile=enough)))
        writers.start()
        assert enough.wait(timeout=120)
        kill(cluster)
        cluster.start()
        writers.join()

        confirmed = {case for case, status in answers.items() if status in CONFIRMED}
        refused = answers.keys() - confirmed
        assert len(answers) == 200
        assert refused, "the database was killed too late to be noticed by anybody"
        assert {answers[case] for case in refused} <= {None, 500, 503}
        left = left_by(cluster, acts)
        once, never = {1}, {0}
        assert {case: left[case] for case in confirmed if set(left[case]) != once} == {}
        assert {case: left[case] for case in refused if set(left[case]) not in (once, never)} == {}

        # Whoever was refused sends the same form again.
        again = [act for act in acts if act.conversation in refused]
        twice = do_all(port, again)
        # An act whose confirmation got lost is refused now because it is done; nobody may be told "try again".
        assert Counter(status for status in twice.values() if status in {None, 500, 503}) == Counter()
        left = left_by(cluster, acts)
        assert {case: counts for case, counts in left.items() if set(counts) != once} == {}
