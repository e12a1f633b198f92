"""A form that is sent after its session has ended."""

from django.test import Client

from accounts.models import Session, User
from conversations.models import Message
from tests.cast import ClientOf, system
from tests.factories import ConversationFactory

OUR_PAGE = {"sec-fetch-site": "same-origin", "host": "testserver"}


def test_what_was_typed_is_given_back_and_nothing_is_stored(client_of: ClientOf, patient: User) -> None:
    case = ConversationFactory(patient=patient)
    page = f"/consultations/{case.pk}/"
    client = client_of(patient)
    with system():
        Session.objects.filter(user=patient).end(reason="test")

    response = client.post(
        f"{page}message/",
        {"text": "It hurts <more> now", "client_token": "0d5a4f0e-3f0b-4b7e-9f6f-000000000001"},
        headers=OUR_PAGE | {"referer": f"http://testserver{page}"},
    )

    assert response.status_code == 401
    text = response.content.decode()
    assert "You are signed out" in text
    assert "It hurts &lt;more&gt; now" in text
    assert f"/account/sign-in/?next={page}" in text
    assert "no-store" in response["Cache-Control"]
    with system():
        assert not Message.objects.filter(conversation=case).exists()


def test_a_fragment_is_refused_so_that_the_words_stay_in_the_form(client: Client, patient: User) -> None:
    case = ConversationFactory(patient=patient)

    response = client.post(f"/consultations/{case.pk}/message/", {"text": "Hello"}, headers={"HX-Request": "true"})

    assert response.status_code == 401
    assert "HX-Redirect" not in response


def test_somebody_elses_page_cannot_put_words_into_ours(db: None, client: Client) -> None:
    response = client.post("/consultations/start/", {"text": "Call 555"}, headers={"sec-fetch-site": "cross-site"})

    assert response.status_code == 401
    assert "Call 555" not in response.content.decode()


def test_a_page_that_is_only_looked_at_leads_to_signing_in(db: None, client: Client) -> None:
    assert client.get("/queue/")["Location"] == "/account/sign-in/?next=/queue/"
