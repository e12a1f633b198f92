"""What the middleware does around a request: an id, and a row for what was refused or failed."""

import logging
import uuid
from collections.abc import Callable

import pytest
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django.urls import resolve

from accounts.models import User
from audit.actions import Action, Status
from audit.middleware import RequestRecordMiddleware
from audit.models import ActivityLog
from audit.record import record
from medichat.db.context import acting_as, system
from medichat.middleware import DatabaseContextMiddleware

pytestmark = pytest.mark.django_db


def answered(view: Callable[[HttpRequest], HttpResponse], request: HttpRequest) -> HttpResponse:
    """The answer of a view behind the two middlewares."""
    return RequestRecordMiddleware(DatabaseContextMiddleware(view))(request)


def rows() -> list[ActivityLog]:
    with system():
        return list(ActivityLog.objects.order_by("sequence"))


def test_every_answer_names_its_request(rf: RequestFactory) -> None:
    response = answered(lambda request: HttpResponse(request.request_id), rf.get("/"))  # type: ignore[attr-defined]  # set by the middleware
    assert response["X-Request-ID"] == response.content.decode() == str(uuid.UUID(response["X-Request-ID"]))


def test_an_id_from_outside_is_not_believed(rf: RequestFactory) -> None:
    claimed = str(uuid.uuid4())
    response = answered(lambda _: HttpResponse(), rf.get("/", headers={"X-Request-ID": claimed}))
    assert response["X-Request-ID"] != claimed


def test_success_writes_no_row_by_itself(rf: RequestFactory) -> None:
    answered(lambda _: HttpResponse(), rf.get("/"))
    assert rows() == []


@pytest.mark.parametrize("status", [401, 403, 409, 413, 429])
def test_a_refusal_is_recorded(rf: RequestFactory, status: int) -> None:
    response = answered(lambda _: HttpResponse(status=status), rf.post("/somewhere/?q=secret"))
    (row,) = rows()
    assert (row.action, row.status, row.status_code) == ("request.refused", "failure", status)
    assert (row.method, row.endpoint) == ("POST", "/somewhere/")
    assert str(row.request_id) == response["X-Request-ID"]
    assert row.duration_ms is not None


def test_a_row_that_is_not_shown_is_recorded_but_a_path_that_leads_nowhere_is_not(rf: RequestFactory) -> None:
    answered(lambda _: HttpResponse(status=404), rf.get("/wp-login.php"))
    assert rows() == []
    request = rf.get("/admin/")
    request.resolver_match = resolve("/admin/")
    answered(lambda _: HttpResponse(status=404), request)
    assert [row.status_code for row in rows()] == [404]


def test_a_failure_is_recorded_although_everything_else_is_rolled_back(rf: RequestFactory) -> None:
    def fails(request: HttpRequest) -> HttpResponse:
        record(Action.SIGNED_OUT, actor=None, resource_type="user")
        return HttpResponse(status=500)

    answered(fails, rf.get("/"))
    assert [(row.action, row.status) for row in rows()] == [("request.failed", "error")]


def test_what_failed_within_a_request_that_is_rolled_back_is_written_again(rf: RequestFactory) -> None:
    def refuses(request: HttpRequest) -> HttpResponse:
        record(Action.SIGN_IN_FAILED, actor=None, resource_type="user", status=Status.FAILURE)
        request.failed = True  # type: ignore[attr-defined]  # as DatabaseContextMiddleware.process_exception does
        return HttpResponse(status=403)

    answered(refuses, rf.get("/"))
    assert sorted(row.action for row in rows()) == ["request.refused", "user.login.failed"]


def test_what_failed_under_another_name_is_written_under_that_name(rf: RequestFactory, patient: User) -> None:
    def signs_out_and_fails(request: HttpRequest) -> HttpResponse:
        with acting_as(patient):
            record(Action.SIGNED_OUT, actor=patient, resource_type="user", status=Status.ERROR)
        return HttpResponse(status=500)

    answered(signs_out_and_fails, rf.get("/"))
    assert {(row.action, row.actor_id) for row in rows()} == {("user.logout", patient.pk), ("request.failed", None)}


def test_the_token_of_a_password_reset_is_not_written(rf: RequestFactory) -> None:
    request = rf.get("/reset/abc-very-secret/")
    match = resolve("/admin/")
    match.kwargs = {"token": "abc-very-secret"}
    request.resolver_match = match
    answered(lambda _: HttpResponse(status=403), request)
    assert rows()[0].endpoint == "/reset/<token>/"


def test_a_question_mark_within_the_path_breaks_nothing(rf: RequestFactory) -> None:
    answered(lambda _: HttpResponse(status=403), rf.get("/what%3F%00/"))
    assert rows()[0].endpoint == "/what%3F%00/"


def test_without_a_database_the_server_log_is_told(rf: RequestFactory, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.CRITICAL):
        response = answered(lambda _: HttpResponse(status=503), rf.get("/records/?name=secret"))
    assert response["X-Request-ID"] in caplog.text
    assert "503" in caplog.text
    assert "secret" not in caplog.text


def test_a_broken_transaction_does_not_reach_the_visitor(
    rf: RequestFactory, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(rows: list[ActivityLog]) -> None:
        with transaction.get_connection().cursor() as cursor:
            cursor.execute("SELECT 1/0")

    monkeypatch.setattr("audit.middleware.write", broken)
    response = answered(lambda _: HttpResponse(status=403), rf.get("/"))
    assert response.status_code == 403
    assert "Not in the activity log" in caplog.text
