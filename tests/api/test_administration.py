"""What administrators see and do through the API."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.mail import EmailMessage
from django.test import Client
from django.utils import timezone

from accounts.models import Session, User
from audit.actions import Action
from audit.models import ActivityLog
from conversations.models import Conversation
from tests.api.asking import is_error, posted, sent
from tests.api.test_own_conversations import CONV
from tests.cast import ClientOf, api_token_of, as_person, system
from tests.factories import ConversationFactory, UserFactory

USER = {
    "id", "email", "role", "firstName", "lastName", "phone", "dateOfBirth", "specialization", "licenseNumber",
    "isActive", "emailVerified", "createdAt", "updatedAt",
}  # fmt: skip
LOG = {
    "id", "_id", "userId", "userRole", "userEmail", "action", "resourceType", "resourceId", "method", "endpoint",
    "ipAddress", "userAgent", "status", "statusCode", "description", "metadata", "errorMessage", "errorStack",
    "errorCode", "durationMs", "duration", "error", "severity", "createdAt", "user",
}  # fmt: skip
NEW = {"email": "New@Example.org", "firstName": "Nora", "lastName": "Vale", "role": "patient"}
PASSWORD = "four brown owls by noon"


@pytest.fixture
def farid(api_of: ClientOf, administrator: User) -> Client:
    """Farid's client."""
    return api_of(administrator)


def users(client: Client, query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get(f"/api/admin/users{query}").json()["users"]
    return found


def test_accounts_latest_first_by_role_and_by_a_part_of_the_name(
    farid: Client, patient: User, her_doctor: User
) -> None:
    everybody = users(farid)
    assert set(everybody[0]) >= USER
    assert {user["email"] for user in everybody} == {"ana@example.org", "clara@example.org", "farid@example.org"}
    assert [user["email"] for user in users(farid, "?role=doctor")] == ["clara@example.org"]
    assert [user["email"] for user in users(farid, "?search=HORV")] == ["ana@example.org"]
    assert [user["email"] for user in users(farid, "?search=clara@")] == ["clara@example.org"]
    assert len(users(farid, "?role=&search=")) == 3
    assert is_error(farid.get("/api/admin/users?role=wizard"), 400)


def test_names_are_texts_even_where_nobody_knows_them(farid: Client) -> None:
    UserFactory(first_name="", last_name="", legacy_id="u1")
    assert all(isinstance(user["firstName"], str) and isinstance(user["lastName"], str) for user in users(farid))


def test_an_account_is_made_and_its_owner_chooses_the_password(
    farid: Client, client: Client, mailbox: list[EmailMessage]
) -> None:
    response = posted(farid, "/admin/users", NEW)
    assert response.status_code == 201
    assert response.json()["user"]["email"] == "new@example.org"
    assert [letter.to for letter in mailbox] == [["new@example.org"]]
    given = posted(farid, "/admin/users", {**NEW, "email": "b@example.org", "password": PASSWORD})
    assert given.status_code == 201
    signed_in = posted(client, "/auth/login", {"email": "b@example.org", "password": PASSWORD})
    assert signed_in.status_code == 200
    with system():
        assert ActivityLog.objects.filter(action=Action.USER_CREATED).count() == 2


def test_a_doctor_s_licence_is_approved_by_an_act_of_its_own(farid: Client) -> None:
    doctor = {**NEW, "role": "doctor", "specialization": "Dermatology", "licenseNumber": "LIC-9"}
    made = posted(farid, "/admin/users", doctor).json()["user"]
    assert made["isApproved"] is False
    path = f"/admin/users/{made['id']}"
    assert sent(farid, "PATCH", path, {"isApproved": True}).json()["user"]["isApproved"] is True
    assert sent(farid, "PATCH", path, {"licenseNumber": "LIC-10"}).json()["user"]["isApproved"] is False


@pytest.mark.parametrize(
    "changes",
    [
        {"email": "x"}, {"password": "1"}, {"firstName": ""}, {"role": "wizard"}, {"role": "doctor"},
        {"lastName": None}, {"licenseNumber": "x" * 51}, {"phone": "a\0b"},
    ],
    ids=repr,
)  # fmt: skip
def test_an_account_that_is_incomplete_is_refused_plainly(farid: Client, changes: dict[str, Any]) -> None:
    response = posted(farid, "/admin/users", {**NEW, **changes})
    assert is_error(response, 400)
    assert not response.json()["error"].startswith("[")
    assert len(users(farid)) == 1


def test_known_addresses_and_licences_are_409(farid: Client, patient: User, her_doctor: User) -> None:
    assert is_error(posted(farid, "/admin/users", {**NEW, "email": patient.email}), 409)
    doctor = {**NEW, "role": "doctor", "specialization": "X", "licenseNumber": her_doctor.licence_number}
    assert is_error(posted(farid, "/admin/users", doctor), 409)


def test_a_change_that_is_refused_leaves_the_approval(farid: Client, her_doctor: User, stranger_doctor: User) -> None:
    taken = {"licenseNumber": stranger_doctor.licence_number}
    assert is_error(sent(farid, "PATCH", f"/admin/users/{her_doctor.pk}", taken), 409)
    with system():
        her_doctor.refresh_from_db()
    assert her_doctor.is_approved


def test_an_account_is_changed_and_it_is_on_record_with_names_of_fields_only(
    farid: Client, patient: User, administrator: User
) -> None:
    path = f"/admin/users/{patient.pk}"
    body = sent(
        farid, "PATCH", path, {"firstName": "Anna", "email": "x@example.org", "password": "x", "phone": "7"}
    ).json()
    assert (body["user"]["firstName"], body["user"]["email"]) == ("Anna", patient.email)
    with system():
        (row,) = ActivityLog.objects.filter(action=Action.USER_UPDATED, resource_id=str(patient.pk))
    assert row.actor_id == administrator.pk
    assert "Anna" not in (row.metadata or "")
    assert "first_name" in (row.metadata or "")


def test_switching_off_and_deleting_end_sessions_and_delete_nothing(
    farid: Client, client: Client, patient: User
) -> None:
    ConversationFactory(patient=patient, answered=True)
    for act in ("PATCH", "DELETE"):
        token = api_token_of(patient)
        response = sent(farid, act, f"/admin/users/{patient.pk}", {"isActive": False} if act == "PATCH" else None)
        assert response.status_code == 200
        assert response.json()["message"]
        assert is_error(client.get("/api/auth/verify", headers={"Authorization": f"Bearer {token}"}), 401)
        with system():
            assert not User.objects.get(pk=patient.pk).is_active
            assert not Session.objects.filter(user=patient).running().exists()
            assert Conversation.objects.filter(patient=patient).exists()
        assert sent(farid, "PATCH", f"/admin/users/{patient.pk}", {"isActive": True}).json()["user"]["isActive"]
        with system():
            patient.refresh_from_db(fields=["is_active"])


def test_nobody_takes_the_own_powers_away(farid: Client, administrator: User) -> None:
    path = f"/admin/users/{administrator.pk}"
    assert is_error(farid.delete(f"/api{path}"), 403)
    assert is_error(sent(farid, "PATCH", path, {"role": "patient"}), 403)
    assert is_error(sent(farid, "PATCH", path, {"isActive": False}), 403)
    assert sent(farid, "PATCH", path, {"firstName": "Farid J."}).status_code == 200


def test_unknown_and_malformed_ids(farid: Client) -> None:
    for path in ("/admin/users/{}", "/admin/conversations/{}"):
        assert is_error(sent(farid, "DELETE", path.format("00000000-0000-4000-8000-000000000000")), 404)
        assert is_error(sent(farid, "DELETE", path.format("nonsense")), 400)
    assert is_error(sent(farid, "PATCH", "/admin/users/00000000-0000-4000-8000-000000000000", {}), 404)
    assert is_error(farid.get("/api/admin/logs/user/nonsense"), 400)


def test_figures(farid: Client, patient: User, her_doctor: User) -> None:
    ConversationFactory(patient=patient, awaiting=True)
    ConversationFactory(patient=patient, answered=True, doctor=her_doctor)
    body = farid.get("/api/admin/stats").json()
    today = f"{timezone.localdate().isoformat()}T00:00:00.000Z"
    assert body == {
        "totalPatients": 1, "totalDoctors": 1, "totalConversations": 2, "pendingConversations": 1,
        "completedConversations": 1, "conversationsPerDay": [{"date": today, "count": 2}],
    }  # fmt: skip


def test_consultations_latest_first_by_status_and_put_away(farid: Client, patient: User, her_doctor: User) -> None:
    waiting = ConversationFactory(patient=patient, awaiting=True)
    answered = ConversationFactory(patient=patient, answered=True, doctor=her_doctor)

    def listed(query: str = "") -> list[str]:
        body = farid.get(f"/api/admin/conversations{query}").json()
        return [row["id"] for row in body["conversations"]]

    (first, _) = farid.get("/api/admin/conversations").json()["conversations"]
    assert set(first) == {*CONV, "patient", "doctor"}
    assert (first["patient"]["lastName"], first["doctor"]["lastName"]) == ("Horvat", "Lindqvist")
    assert listed() == [str(answered.pk), str(waiting.pk)]
    assert listed("?status=awaiting_doctor&search=ignored") == [str(waiting.pk)]
    assert is_error(farid.get("/api/admin/conversations?status=lost"), 400)
    assert farid.delete(f"/api/admin/conversations/{answered.pk}").json()["message"]
    assert listed() == [str(waiting.pk)]
    with as_person(her_doctor):
        assert Conversation.objects.filter(pk=answered.pk).exists()


def test_the_log_page_by_page(farid: Client, client: Client, patient: User) -> None:
    posted(client, "/auth/login", {"email": patient.email, "password": "wrong"})
    farid.get("/api/admin/users")
    body = farid.get("/api/admin/logs/activities?page=1&limit=2").json()
    assert set(body["pagination"]) == {"currentPage", "totalPages", "totalLogs", "logsPerPage"}
    assert (body["pagination"]["logsPerPage"], len(body["logs"])) == (2, 2)
    assert set(body["logs"][0]) >= LOG
    assert body["logs"][0]["user"]["email"] == "farid@example.org"
    (failed,) = farid.get("/api/admin/logs/activities?action=user.login.failed").json()["logs"]
    assert (failed["userRole"], failed["status"], failed["severity"]) == ("anonymous", "failure", "warning")
    assert failed["ipAddress"] == "127.0.0.1"
    assert failed["_id"] == failed["id"]


@pytest.mark.parametrize(
    "query",
    ["page=0", "limit=x", "status=odd", "severity=x", "userRole=wizard", "userId=5", "startDate=soon", "endDate=31.1."],
)
def test_a_query_that_cannot_be_meant_is_400(farid: Client, query: str) -> None:
    assert is_error(farid.get(f"/api/admin/logs/activities?{query}"), 400)


def test_the_last_day_of_a_period_is_included(farid: Client) -> None:
    farid.get("/api/admin/stats")
    farid.get("/api/admin/users")
    today = timezone.localdate()
    total = farid.get(f"/api/admin/logs/activities?startDate={today}&endDate={today}").json()["pagination"]["totalLogs"]
    assert total > 0
    yesterday = today - timedelta(days=1)
    assert farid.get(f"/api/admin/logs/activities?endDate={yesterday}").json()["logs"] == []


def test_a_role_that_the_screen_offers_finds_rows_of_the_system(farid: Client) -> None:
    assert farid.get("/api/admin/logs/activities?userRole=system").status_code == 200


def test_figures_of_the_log(farid: Client, client: Client, patient: User) -> None:
    posted(client, "/auth/login", {"email": patient.email, "password": "wrong"})
    today = timezone.localdate()
    body = farid.get(f"/api/admin/logs/statistics?startDate={today}&endDate={today}").json()
    assert set(body) == {
        "period", "totalLogs", "byStatus", "bySeverity", "byUserRole", "topActions", "failedLogins"
    }  # fmt: skip
    assert body["failedLogins"] == 1
    assert body["totalLogs"] == sum(each["count"] for each in body["byStatus"]) > 0
    assert {"_id", "count"} == set(body["topActions"][0])
    assert all(isinstance(each["_id"], str) for each in body["byUserRole"])


def test_the_latest_rows_of_all_and_of_one(farid: Client, administrator: User, patient: User) -> None:
    farid.get("/api/admin/users")
    assert len(farid.get("/api/admin/logs/recent?limit=1").json()["activities"]) == 1
    acts = farid.get(f"/api/admin/logs/user/{administrator.pk}").json()["activities"]
    assert {row["userId"] for row in acts} == {str(administrator.pk)}
    assert farid.get(f"/api/admin/logs/user/{patient.pk}").json()["activities"] == []


def test_looking_is_on_record(farid: Client, administrator: User) -> None:
    for path in ("users", "conversations", "logs/recent"):
        farid.get(f"/api/admin/{path}")
    with system():
        looks = ActivityLog.objects.filter(action=Action.DATA_VIEWED, actor_id=administrator.pk)
        assert {row.resource_type for row in looks} == {"user_list", "conversation_list", "activitylog_list"}


def test_an_empty_change_of_an_account_is_a_look_and_on_record(
    farid: Client, administrator: User, patient: User
) -> None:
    assert sent(farid, "PATCH", f"/admin/users/{patient.pk}", {}).json()["user"]["email"] == patient.email
    with system():
        look = ActivityLog.objects.get(actor_id=administrator.pk, action=Action.DATA_VIEWED)
    assert (look.resource_type, look.resource_id, look.patient_id) == ("user", str(patient.pk), patient.pk)


@pytest.mark.parametrize("who", ["patient", "her_doctor", "unapproved_doctor"])
def test_others_are_refused(api_of: ClientOf, request: pytest.FixtureRequest, who: str) -> None:
    client = api_of(request.getfixturevalue(who))
    for path in ("users", "stats", "conversations", "logs/activities", "logs/statistics", "logs/recent"):
        assert is_error(client.get(f"/api/admin/{path}"), 403)
