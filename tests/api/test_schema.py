"""The description of the API: complete, valid, with examples, and open to everybody."""

import json
import re
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.http import HttpResponse, JsonResponse
from django.test import Client
from rest_framework import serializers
from rest_framework.test import APIRequestFactory

from medichat.api.declaring import Answer
from medichat.api.schema.views import description
from medichat.api.views import ApiView
from records.api import settings_form
from records.api.settings_sent import SettingsSent
from tests.api.described import complaints, faults, resolved
from tests.security.addresses import addresses

ALWAYS = {"429", "500", "503"}


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in description()["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def contents(operation: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every body that is sent or answered."""
    yield from operation.get("requestBody", {}).get("content", {}).values()
    for answer in operation["responses"].values():
        yield from resolved(answer)["content"].values()


def test_it_is_valid_and_made_without_a_warning() -> None:
    call_command("spectacular", "--validate", "--fail-on-warn", stdout=StringIO())


def test_everybody_gets_it(client: Client, db: None) -> None:
    body = client.get("/api/schema/").json()
    assert body["openapi"].startswith("3.1")
    assert body["paths"].keys() == description()["paths"].keys()


def test_every_method_of_every_address_is_in_it() -> None:
    shown = {(re.sub(r"{\w+}", "*", path), method) for path, method, _ in operations()}
    there = set()
    for address in addresses():
        if address.is_api:
            (path,) = address.paths({name: ["*"] for name in address.parameters})
            there |= {(path, method) for method in address.methods}
    assert shown == there


def test_every_operation_says_what_it_answers_and_how_it_refuses() -> None:
    for path, method, operation in operations():
        answers = set(operation["responses"])
        assert answers & {"200", "201"}, (path, method)
        assert answers >= ALWAYS, (path, method)
        assert ("401" in answers) >= ("security" in operation), (path, method)
        assert ("404" in answers) >= ("{" in path), (path, method)
        for status, answer in operation["responses"].items():
            kinds = set(resolved(answer)["content"])
            assert kinds == {"application/json", "application/problem+json"} or status < "300", (path, method)
        assert operation["summary"]
        assert operation["description"]
    names = [operation["operationId"] for _, _, operation in operations()]
    assert len(names) == len(set(names))


def test_every_body_has_an_example_that_is_as_the_schema_says() -> None:
    seen = 0
    for path, method, operation in operations():
        for content in contents(operation):
            for example in content.get("examples", {}).values():
                assert faults(content["schema"], example["value"]) == [], (path, method)
                seen += 1
            assert content.get("examples") or "properties" not in resolved(content["schema"]), (path, method)
    assert seen > 200


def test_the_words_of_a_choice_are_told() -> None:
    schemas = description()["components"]["schemas"]
    assert schemas["Conversation"]["properties"]["status"]["enum"] == [
        "in_progress", "awaiting_doctor", "doctor_responded", "closed", "unknown",
    ]  # fmt: skip
    assert schemas["Error"]["properties"]["code"]["enum"]
    assert {None, "mild"} <= set(schemas["Allergy"]["properties"]["severity"]["enum"])


def answered(body: dict[str, Any], status: int = 200, **headers: str) -> JsonResponse:
    return JsonResponse(body, status=status, headers={"X-Request-ID": "1", **headers})


def test_what_is_not_in_the_schema_is_noticed() -> None:
    """Otherwise the tests that hold every answer against it would prove nothing."""
    done = {"status": "success", "message": "You are signed out."}
    assert noticed(answered(done)) == []
    for response in (
        answered(done | {"more": 1}),
        answered({"status": "success"}),
        answered(done | {"status": "well"}),
        answered(done, 202),
        JsonResponse(done),
        HttpResponse("Done.", content_type="text/plain", headers={"X-Request-ID": "1"}),
        answered({"status": "fail", "error": "No.", "message": "No."}, 401, **{"WWW-Authenticate": "Bearer"}),
    ):
        assert noticed(response), response.content


def noticed(response: HttpResponse) -> list[str]:
    response.json = lambda: json.loads(response.content)  # type: ignore[attr-defined]  # as the test client adds it
    return complaints("POST", "/api/auth/logout", response)


def test_a_form_that_is_not_declared_is_not_read() -> None:
    class Secret(serializers.Serializer[Any]):
        word = serializers.CharField(required=False)

    class Secretive(ApiView):
        authentication_classes = []
        permission_classes = []

        def post(self, request: Any) -> Answer[Any]:
            return Answer(self.sent(Secret))

        def get(self, request: Any) -> Answer[Any]:
            return Answer(self.asked(Secret))

    for method, how in (("post", "takes"), ("get", "asks")):
        request = getattr(APIRequestFactory(), method)("/api/secretive")
        with pytest.raises(TypeError, match=f"lacks @{how}"):
            Secretive.as_view()(request)


def test_the_settings_form_is_described_with_every_field_that_is_read() -> None:
    read = {
        *settings_form.ACCOUNT, *settings_form.ABOUT, *settings_form.SERVICES, *settings_form.LISTS,
        "emergencyContact", "emergencyContactPhone",
    }  # fmt: skip
    assert set(SettingsSent.__annotations__) == read


def test_the_pages_need_no_other_host_and_no_inline_script(client: Client, db: None) -> None:
    response = client.get("/api/docs/")
    page, policy = response.content.decode(), response.headers["Content-Security-Policy"]
    assert response.status_code == 200
    assert "unsafe" not in policy
    assert "http" not in re.sub(r"http-equiv", "", policy)
    assert re.findall(r"(?:src|href)=\"(?!/|#)", page) == []
    assert re.findall(r"<script(?![^>]*\bsrc=)|<style|\son\w+=|\sstyle=", page) == []


def test_without_scripts_the_page_lists_every_operation(client: Client, db: None) -> None:
    page = client.get("/api/docs").content.decode()
    for path, method, _ in operations():
        assert f"<code>{method.upper()} {path}</code>" in page
