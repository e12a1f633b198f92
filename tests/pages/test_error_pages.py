"""What a person reads when something could not be done."""

import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.test import Client, RequestFactory
from pytest_django import Settings

from accounts.models import User
from medichat import pages


@pytest.fixture
def request_of_a_stranger(rf: RequestFactory) -> HttpRequest:
    """A request of nobody in particular, with the number under which it is on the record."""
    request = rf.get("/somewhere/")
    request.user = AnonymousUser()
    request.request_id = "0193a3f2-reference"  # type: ignore[attr-defined]  # set by the audit middleware
    return request


def words(response: HttpResponse) -> str:
    """The page without its markup."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


@pytest.mark.parametrize("status", [400, 403, 404, 405, 409, 413, 429])
def test_every_error_has_a_heading_a_reference_and_a_way_on(status: int, request_of_a_stranger: HttpRequest) -> None:
    response = render(request_of_a_stranger, f"{status}.html", status=status)
    page = response.content.decode()
    assert f"Error {status}" in page
    assert len(re.findall("<h1", page)) == 1
    assert "0193a3f2-reference" in page
    assert "Go to the start page" in page


@pytest.mark.parametrize("status", [400, 403, 404, 405, 409, 413, 429])
def test_a_view_may_say_more_and_where_to_go(status: int, request_of_a_stranger: HttpRequest) -> None:
    context = {"detail": "Taken by Dr <Example>.", "next_url": "/queue/", "next_label": "Back to the queue"}
    page = render(request_of_a_stranger, f"{status}.html", context).content.decode()
    assert "Taken by Dr &lt;Example&gt;." in page
    assert '<a class="button button--primary" href="/queue/">Back to the queue</a>' in page


def test_damaged_input_is_400_and_too_much_of_it_413(request_of_a_stranger: HttpRequest) -> None:
    assert pages.handler400(request_of_a_stranger, SuspiciousOperation("internal")).status_code == 400
    too_big = pages.handler400(request_of_a_stranger, RequestDataTooBig("internal"))
    assert too_big.status_code == 413
    assert "too large" in words(too_big)


def test_the_reason_for_a_refusal_is_shown(request_of_a_stranger: HttpRequest) -> None:
    response = pages.handler403(request_of_a_stranger, PermissionDenied("Only doctors may open the queue."))
    assert response.status_code == 403
    assert "Only doctors may open the queue." in words(response)


def test_what_was_not_found_is_not_named(request_of_a_stranger: HttpRequest) -> None:
    response = pages.handler404(request_of_a_stranger, Http404("No Conversation matches the given query."))
    assert response.status_code == 404
    assert "Conversation matches" not in words(response)


def test_an_address_that_only_takes_forms_says_so_when_it_is_opened(
    client_of: Callable[[User], Client], patient: User
) -> None:
    response = client_of(patient).get("/consultations/start/")
    assert (response.status_code, response["Allow"]) == (405, "POST")
    assert "It is where a form of another page is sent to." in response.content.decode()
    assert response["Cache-Control"]


def test_a_conflict_says_which_state_things_are_in(request_of_a_stranger: HttpRequest) -> None:
    response = pages.conflict(request_of_a_stranger, "Dr Example took this case at 14:05.")
    assert response.status_code == 409
    assert "Dr Example took this case at 14:05." in words(response)


def test_the_pages_for_our_own_failures_need_neither_person_nor_database(rf: RequestFactory) -> None:
    request = rf.get("/")  # without user, messages or request id; no database is allowed in this test
    failed, unavailable = pages.handler500(request), pages.unavailable(request)
    assert (failed.status_code, unavailable.status_code) == (500, 503)
    assert unavailable["Retry-After"] == "30"
    for response in (failed, unavailable):
        assert 'href="/static/medichat/app.css"' in response.content.decode()
        assert "<script" not in response.content.decode()


def test_the_emergency_number_is_on_the_page_when_the_system_is_down(rf: RequestFactory, settings: Settings) -> None:
    settings.EMERGENCY_NUMBER = "999"
    assert 'href="tel:999"' in pages.unavailable(rf.get("/")).content.decode()


class TestWhatWasTyped:
    """Whatever the reason that a form was not accepted, its words are given back."""

    FIELDS = {
        "prescriptions-0-dose": "500 mg",
        "prescriptions-TOTAL_FORMS": "1",
        "call_office": "on",
        "case": "0193a3f2-7c1e-7b7e-8a3b-0123456789ab",
        "diagnosis": "Tonsillitis <left>",
    }

    def post(self, rf: RequestFactory) -> HttpRequest:
        request = rf.post("/case/", self.FIELDS, headers={"sec_fetch_site": "same-origin"})
        request.user = AnonymousUser()
        return request

    @pytest.mark.parametrize("status", [400, 403, 404, 409, 500, 503])
    def test_is_on_the_page(self, rf: RequestFactory, status: int) -> None:
        request = self.post(rf)
        answers = {
            400: lambda: pages.handler400(request, SuspiciousOperation()),
            403: lambda: pages.handler403(request, PermissionDenied()),
            404: lambda: pages.handler404(request, Http404()),
            409: lambda: pages.conflict(request, "Dr Example was faster."),
            500: lambda: pages.handler500(request),
            503: lambda: pages.unavailable(request),
        }
        response = answers[status]()
        assert response.status_code == status
        page = response.content.decode()
        assert "Tonsillitis &lt;left&gt;</textarea>" in page
        assert ">Dose 1</label>" in page

    def test_leaves_out_what_the_page_made_itself(self, rf: RequestFactory) -> None:
        assert pages.typed(self.post(rf)) == [("Dose 1", "500 mg"), ("Diagnosis", "Tonsillitis <left>")]

    def test_is_nothing_when_the_form_cannot_be_read(self, rf: RequestFactory) -> None:
        request = rf.post(
            "/case/", b"broken", content_type="multipart/form-data", headers={"sec_fetch_site": "same-origin"}
        )
        assert pages.typed(request) == []
        assert pages.handler500(request).status_code == 500

    def test_is_nothing_when_the_body_was_read_otherwise(self, rf: RequestFactory) -> None:
        request = self.post(rf)
        request.read(3)
        assert pages.typed(request) == []

    def test_is_nothing_for_a_page_that_was_only_opened(self, rf: RequestFactory) -> None:
        assert pages.typed(rf.get("/case/?text=hello", headers={"sec_fetch_site": "same-origin"})) == []


class TestExpiredForm:
    """A form whose token is no longer valid."""

    FIELDS = {
        "turn-text": "It hurts <here>",
        "password": "correct horse",
        "otp_code": "123456",
        "csrfmiddlewaretoken": "abcdef",
        "empty": " ",
    }

    def answer(self, rf: RequestFactory, **headers: str) -> str:
        request = rf.post("/chat/", self.FIELDS, headers={"host": "testserver", **headers})
        request.user = AnonymousUser()
        response = pages.expired_form(request, "CSRF token missing.")
        assert response.status_code == 403
        assert "no-store" in response["Cache-Control"]
        return response.content.decode()

    def test_gives_back_what_was_typed_but_no_secrets(self, rf: RequestFactory) -> None:
        page = self.answer(rf, sec_fetch_site="same-origin", referer="http://testserver/chat/?case=1")
        assert "It hurts &lt;here&gt;" in page
        assert ">Text</label>" in page
        assert page.count("<textarea") == 1
        for secret in ("correct horse", "123456", "abcdef"):
            assert secret not in page

    def test_leads_back_to_the_form(self, rf: RequestFactory) -> None:
        page = self.answer(rf, sec_fetch_site="same-origin", referer="http://testserver/chat/?case=1")
        assert 'href="/chat/?case=1"' in page

    @pytest.mark.parametrize(
        "headers",
        [
            {"sec_fetch_site": "cross-site", "referer": "http://testserver/chat/"},
            {"origin": "https://elsewhere.example"},
            {"referer": "https://elsewhere.example/testserver"},
            {},
        ],
    )
    def test_repeats_no_word_of_another_site(self, rf: RequestFactory, headers: dict[str, str]) -> None:
        page = self.answer(rf, **headers)
        assert "It hurts" not in page
        assert "Open the form again" not in page

    def test_older_browsers_are_known_by_their_origin(self, rf: RequestFactory) -> None:
        assert "It hurts" in self.answer(rf, origin="http://testserver")

    def test_never_links_back_to_another_site(self, rf: RequestFactory) -> None:
        page = self.answer(rf, sec_fetch_site="same-origin", referer="https://elsewhere.example/chat/")
        assert "elsewhere.example" not in page
