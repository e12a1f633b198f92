"""What every answer says to the browser: each address, asked as each person of the seed, and what is no page."""

import re
from collections.abc import Callable, Iterator

import pytest
from django.conf import settings as the_settings
from django.http import HttpResponse
from django.test import Client
from pytest_django import Settings

from tests.cast import signed_in
from tests.security.seed import Seed
from tests.security.walk import EVERYBODY, OVER_TLS, VISITOR, Answer, walk_of

ENDS_THE_SESSION = {"accounts:sign_out", "admin:logout"}  # there is nothing left that might be kept
EVERY_ANSWER = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains; preload",
}
EVERY_POLICY = {
    "default-src": ["'none'"],
    "base-uri": ["'none'"],
    "frame-ancestors": ["'none'"],
}
ALLOWED_SOURCES = {"'none'", "'self'", "data:"}
NO_KEEPING = re.compile(r"\bno-store\b")


@pytest.fixture(autouse=True)
def over_tls(settings: Settings) -> None:
    """As in production, where the year of HSTS is set; what reads it once is asked anew by each client."""
    for name, value in OVER_TLS.items():
        setattr(settings, name, value)


def client_of(seed: Seed, who: str) -> Client:
    """A client of its own handler, so that the middlewares read the settings above."""
    client = Client(raise_request_exception=False)
    return client if who == VISITOR else signed_in(client, getattr(seed, who))


def policy_of(response: HttpResponse | Answer) -> dict[str, list[str]]:
    """The content policy: directive to sources."""
    parts = (part.split() for part in response["Content-Security-Policy"].split(";"))
    return {part[0]: part[1:] for part in parts if part}


def complaints(response: HttpResponse | Answer) -> Iterator[str]:
    """What is wrong with the headers of an answer, for any answer there is."""
    for name, value in EVERY_ANSWER.items():
        if response.headers.get(name) != value:
            yield f"{name} is {response.headers.get(name)!r}"
    if "camera=()" not in response.headers.get("Permissions-Policy", ""):
        yield "no Permissions-Policy"
    if "Access-Control-Allow-Origin" in response:
        yield "another site may read this"
    if "Content-Security-Policy" not in response:
        yield "no content policy"
        return
    policy = policy_of(response)
    for directive, sources in EVERY_POLICY.items():
        if policy.get(directive) != sources:
            yield f"{directive} is {policy.get(directive)}"
    for directive, sources in policy.items():
        for source in sources:
            if source not in ALLOWED_SOURCES and not re.fullmatch(r"'nonce-[\w+/=-]{16,}'", source):
                yield f"{directive} allows {source}"
    if (response.streaming or response.content) and not response.headers.get("Content-Type"):
        yield "a body without a type"
    if response.headers.get("Content-Type", "").startswith("text/") and "charset=" not in response["Content-Type"]:
        yield "a text without a charset"
    for morsel in response.cookies.values():
        if morsel.value and not (morsel["samesite"] and morsel["httponly"]):
            yield f"the cookie {morsel.key} can be read by scripts or sent from other sites"


@pytest.mark.django_db
@pytest.mark.parametrize("who", EVERYBODY)
def test_every_answer_protects_itself(seed: Seed, who: str) -> None:
    wrong, statuses, kinds = [], set(), set()
    for step in walk_of(who, seed).steps:
        path, response = f"{step.method} {step.path}", step.answer
        statuses.add(response.status_code)
        kinds.add(response.headers.get("Content-Type", "").partition(";")[0])
        wrong += [(path, response.status_code, complaint) for complaint in complaints(response)]
        if step.address.name in ENDS_THE_SESSION:
            continue
        if not NO_KEEPING.search(response.headers.get("Cache-Control", "")) and "jsi18n" not in path:
            wrong.append((path, response.status_code, f"may be kept: {response.headers.get('Cache-Control')}"))
    assert wrong == []
    assert {200, 302} <= statuses
    assert "text/html" in kinds
    if who in {"patient", "her_doctor"}:
        assert "application/pdf" in kinds


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path", ["/health", "/ready", "/static/medichat/app.css", "/static/medichat/nothing.css", "/nowhere/"]
)
def test_what_is_no_page_protects_itself_as_well(path: str) -> None:
    response = Client().get(path, secure=True)
    assert list(complaints(response)) == []  # type: ignore[arg-type]  # the test client's answer is one
    assert response.status_code in {200, 404}


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path",
    ["/.git/config", "/.git/HEAD", "/static/.git/HEAD", "/static/../.git/HEAD", "/static/%2e%2e/manage.py", "/.env"],
)
def test_nothing_of_the_folder_it_runs_in_is_served(path: str) -> None:
    assert Client().get(path, secure=True).status_code in {400, 404}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("status", "ask"),
    [
        (400, lambda client: client.get("/", headers={"host": "evil.example"}, secure=True)),
        (400, lambda client: client.get("/queue/news/?since=x", secure=True)),
        (403, lambda client: client.get("/consultations/", secure=True)),
        (404, lambda client: client.get("/cases/00000000-0000-4000-8000-000000000000/", secure=True)),
        (405, lambda client: client.get("/consultations/start/", secure=True)),
        (413, lambda client: client.post("/account/password/", {"x": "y" * 1_100_000}, secure=True)),
    ],
)  # fmt: skip
def test_refusals_protect_themselves(seed: Seed, status: int, ask: Callable[[Client], HttpResponse]) -> None:
    response = ask(client_of(seed, "stranger_doctor"))
    assert response.status_code in {status, 403}
    assert list(complaints(response)) == []
    assert NO_KEEPING.search(response["Cache-Control"])


@pytest.mark.django_db
def test_a_failure_protects_itself(seed: Seed, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_rest: object, **_named: object) -> None:
        raise RuntimeError("words of a patient")

    client = client_of(seed, "patient")
    monkeypatch.setattr("conversations.views.patient.page_of", fail)
    response = client.get("/consultations/", secure=True)
    assert response.status_code == 500
    assert list(complaints(response)) == []  # type: ignore[arg-type]  # the test client's answer is one
    assert NO_KEEPING.search(response["Cache-Control"])
    assert b"words of a patient" not in response.content


@pytest.mark.django_db
def test_a_file_may_do_nothing_when_it_is_opened(seed: Seed) -> None:
    path = f"/consultations/{seed.unfinished.pk}/files/{seed.attachment.pk}/"
    response = client_of(seed, "patient").get(path, secure=True)
    assert response.status_code == 200
    assert "sandbox" in policy_of(response)  # type: ignore[arg-type]  # the test client's answer is one
    assert response["Content-Disposition"].startswith("attachment;")


@pytest.mark.django_db
def test_scripts_of_a_page_need_its_nonce_or_our_host(seed: Seed) -> None:
    first, second = (client_of(seed, "patient").get("/home/", secure=True, follow=True) for _ in range(2))
    policies = [policy_of(response)["script-src"] for response in (first, second)]  # type: ignore[arg-type]  # see above
    for sources in policies:
        assert "'unsafe-inline'" not in sources
        assert "'unsafe-eval'" not in sources
        assert "'self'" in sources
    assert "'unsafe-inline'" not in repr([policy_of(first).get(name) for name in ("style-src", "default-src")])  # type: ignore[arg-type]  # see above


def test_static_files_are_kept_and_no_other_site_reads_them() -> None:
    assert the_settings.WHITENOISE_ALLOW_ALL_ORIGINS is False
    response = Client().get("/static/medichat/app.css", secure=True)
    assert (response.status_code, response["Content-Type"]) == (200, 'text/css; charset="utf-8"')
    assert "public" in response["Cache-Control"]
    assert not NO_KEEPING.search(response["Cache-Control"])


@pytest.mark.django_db
@pytest.mark.parametrize("host", ["evil.example", "testserver.evil.example", "testserver@evil.example", ""])
def test_only_our_host_names_are_answered(host: str) -> None:
    assert Client().get("/", headers={"host": host}).status_code == 400


@pytest.mark.django_db
@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://testserver.evil.example"])
def test_a_form_of_another_site_changes_nothing(seed: Seed, origin: str) -> None:
    client = Client(enforce_csrf_checks=True)
    signed_in(client, seed.patient)
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', client.get("/account/profile/").content.decode())
    assert token
    response = client.post("/consultations/start/", {"csrfmiddlewaretoken": token[1]}, headers={"origin": origin})
    assert response.status_code == 403


@pytest.mark.django_db
def test_pages_go_to_https_and_calls_of_the_api_are_refused_without_it(settings: Settings) -> None:
    settings.SECURE_SSL_REDIRECT = True
    page = Client().get("/account/sign-in/")
    assert (page.status_code, page["Location"]) == (301, "https://testserver/account/sign-in/")
    for path in ("/api/auth/verify", "/API/auth/verify/", "/api"):
        call = Client().get(path, headers={"Authorization": "Bearer x"})
        assert call.status_code == 403
        assert "https only" in call.json()["message"]
        assert Client().get(path, secure=True).status_code in {200, 401}
    assert Client().get("/health").status_code == 200
