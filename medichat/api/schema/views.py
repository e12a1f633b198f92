"""``/api/schema`` and ``/api/docs``: open to everybody, because they tell nothing of the clinic or of anybody in it."""

import json
from functools import cache
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from drf_spectacular.generators import SchemaGenerator
from rest_framework.request import Request

from medichat.api.declaring import sends_file
from medichat.api.views import ApiView


@cache
def description() -> dict[str, Any]:
    """The API in OpenAPI 3.1; made once for each process."""
    schema: dict[str, Any] = SchemaGenerator().get_schema(public=True)
    return schema


@cache
def _as_text() -> str:
    return json.dumps(description())


class SchemaView(ApiView):
    """This description of the API, in OpenAPI 3.1."""

    authentication_classes = []
    permission_classes = []

    @sends_file("application/json", "The description.")
    def get(self, request: Request) -> HttpResponse:
        """Everything that can be asked, every answer and every refusal."""
        return HttpResponse(_as_text(), content_type="application/json")


class DocumentationView(ApiView):
    """The same as pages for people, with which calls can be tried; nothing on them comes from another host."""

    authentication_classes = []
    permission_classes = []

    @sends_file("text/html", "The page.")
    def get(self, request: Request) -> HttpResponse:
        """The page; it loads the description."""
        return render(request._request, "api/documentation.html", {"parts": _listed(description())})


def _listed(schema: dict[str, Any]) -> list[dict[str, Any]]:
    """What a reader without scripts gets: each operation in a line, by part of the API."""
    parts: dict[str, list[dict[str, str]]] = {}
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            line = {"method": method.upper(), "path": path, "summary": operation["summary"]}
            parts.setdefault(operation["tags"][0], []).append(line)
    return [{"name": name, "lines": lines} for name, lines in parts.items()]
