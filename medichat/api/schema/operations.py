"""One method of one address as an operation: what it takes, every answer, and every refusal that follows from it."""

import inspect
import re
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, cast, get_args, get_type_hints

from django.urls import resolve
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent
from drf_spectacular.utils import OpenApiParameter
from rest_framework.permissions import IsAuthenticated
from rest_framework.serializers import BaseSerializer

from medichat.api.declaring import Answer, Created, Declaration, Refused, declaration_of
from medichat.api.errors import CODES, PROBLEM, SENTENCES, ErrorBody
from medichat.api.schema import forms  # noqa: F401  # registers what it describes
from medichat.api.schema.examples import Examples
from medichat.api.schema.problems import problem_of
from medichat.api.schema.types import Schema, either, schema_of
from medichat.api.views import ApiView

JSON, FORM, MULTIPART = "application/json", "application/x-www-form-urlencoded", "multipart/form-data"
A_ROW = "00000000-0000-4000-8000-000000000000"
# What may happen to every request.
ALWAYS = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.INTERNAL_SERVER_ERROR, HTTPStatus.SERVICE_UNAVAILABLE)
NUMBER: Schema = {"type": "integer", "minimum": 0}
REQUEST_ID, RETRY_AFTER, CHALLENGE = "X-Request-ID", "Retry-After", "WWW-Authenticate"
COUNTS = ("RateLimit-Policy", "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")
HEADERS: dict[str, Schema] = {
    REQUEST_ID: {
        "description": "The request's id, also in the clinic's record.",
        "required": True,
        "schema": {"type": "string"},
    },
    RETRY_AFTER: {"description": "Seconds to wait.", "schema": NUMBER},
    CHALLENGE: {"description": "How to sign in.", "required": True, "schema": {"type": "string", "enum": ["Bearer"]}},
    "RateLimit-Policy": {"description": "Requests, and in how many seconds.", "schema": {"type": "string"}},
    "RateLimit-Limit": {"description": "Requests until one has to wait.", "schema": NUMBER},
    "RateLimit-Remaining": {"description": "How many of them are left.", "schema": NUMBER},
    "RateLimit-Reset": {"description": "Seconds until counting begins anew.", "schema": NUMBER},
}
ONCE = (
    "Made up by the client for this act: sent again, nothing happens twice, and the first answer comes again. Kept for "
    "a day."
)


class Describing(AutoSchema):
    """Describes a view of this API (REST_FRAMEWORK["DEFAULT_SCHEMA_CLASS"])."""

    @property
    def handler(self) -> Any:
        """The method that answers."""
        return getattr(self.view, self.method.lower())

    @property
    def declaration(self) -> Declaration:
        """What it declares."""
        return declaration_of(self.handler)

    def get_operation_id(self) -> str:
        """``get_profile``: the method and the name of the address."""
        name = resolve(re.sub(r"{\w+}", A_ROW, self.path)).url_name
        return f"{self.method.lower()}_{name}"

    def get_summary(self) -> str:
        """The first words of what the view says of itself, and of the method where it has several."""
        said, of_method = [_first_of(words) for words in [*self._words, ""][:2]]
        several = len(self.view.allowed_methods) > len({self.method, "OPTIONS"})
        return f"{said}: {of_method[0].lower()}{of_method[1:]}" if several and of_method else said

    def get_description(self) -> str:  # type: ignore[override]  # as drf-spectacular has it
        """Both, and who may."""
        roles = getattr(self.view, "roles", None)
        who = f"Open to: {', '.join(sorted(roles))}." if roles else ""
        return "\n\n".join(filter(None, [*map(_plain, self._words), who]))

    @property
    def _words(self) -> list[str]:
        if said := cast(ApiView, self.view).said_of_it:
            return [said]
        return [inspect.getdoc(type(self.view)) or "", inspect.getdoc(self.handler) or ""]

    def get_tags(self) -> list[str]:
        """The first part of the path."""
        return super().get_tags() if self.path.count("/") > 2 else ["meta"]

    def get_override_parameters(self) -> list[Any]:
        """Query parameters and headers that are declared."""
        headers = [
            OpenApiParameter(name, str, OpenApiParameter.HEADER, description=meaning)
            for name, meaning in self.declaration.headers_read.items()
        ]
        if self._happens_once:
            headers.append(OpenApiParameter("Idempotency-Key", str, OpenApiParameter.HEADER, description=ONCE))
        return [*[form() for form in self.declaration.queries], *headers]

    @property
    def _happens_once(self) -> bool:
        """Whether a client may name the act by a key."""
        return self.method == "POST" and getattr(self.view, "takes_keys", False)

    def get_serializer_name(self, serializer: BaseSerializer[Any], direction: str) -> str:
        """What is sent is called so, and never takes the name of an answer."""
        name = type(serializer).__name__
        return name if name.endswith("Sent") else f"{name}Sent"

    def _is_list_view(self, serializer: Any = None) -> bool:
        return False  # an answer is never a bare list

    def _get_request_body(self, direction: str = "request") -> Schema | None:
        declared = self.declaration.forms
        if not declared or self.method not in {"POST", "PUT", "PATCH"}:
            return None
        parts = [self._form(form) for form in declared]
        schema = parts[0] if len(parts) == 1 else {"allOf": parts}
        examples = self._examples.of(schema)
        wholes = [self._examples.resolved(part) for part in parts]
        return {
            "content": {kind: {"schema": schema, "examples": examples} for kind in _kinds(wholes)},
            "required": any(whole.get("required") for whole in wholes),
        }

    def _form(self, form: Any) -> Schema:
        if hasattr(form, "__required_keys__"):
            return schema_of(form, self.registry)
        return dict(self.resolve_serializer(form, "request").ref)

    def _get_response_bodies(self, direction: str = "response") -> Schema:
        answers = dict(self._answers())
        for status, refusals in sorted(self._refusals().items()):
            answers[str(status)] = self._usual(refusals[0]) if len(refusals) == 1 else self._refusal(status, refusals)
        return answers

    def _usual(self, refused: Refused) -> Schema:
        """A refusal that many operations have in the same words stands once, as a component."""
        if refused.body or refused in self.declaration.refusals:
            return self._refusal(refused.status, [refused])
        name = HTTPStatus(refused.status).phrase.title().replace(" ", "")
        component = ResolvedComponent(name, ResolvedComponent.RESPONSE, object=refused)
        if component not in self.registry:
            self.registry.register(component)
            component.schema = self._refusal(refused.status, [refused])
        return dict(self.registry[component].ref)

    def _answers(self) -> Iterator[tuple[str, Schema]]:
        headers: Schema = self._headers(REQUEST_ID, *COUNTS)
        if self._happens_once:
            again = "`true` where it had happened before and this is the earlier answer, else `false`."
            headers |= {"Idempotency-Replayed": {"description": again, "schema": {"type": "string"}}}
        headers |= {
            name: {"description": meaning, "schema": {"type": "string"}}
            for name, meaning in self.declaration.headers_sent.items()
        }
        for file in self.declaration.files:
            whole = {"type": "string"} if file.media_type.startswith("text/") else {}
            yield (
                str(file.status),
                {"description": file.what, "headers": headers, "content": {file.media_type: {"schema": whole}}},
            )
        hint = get_type_hints(self.handler, include_extras=True).get("return")
        for kind in [hint, *get_args(hint)]:
            answer = getattr(kind, "__origin__", kind)
            if answer in {Answer, Created}:
                (body,) = get_args(kind)
                schema = schema_of(body, self.registry)
                said = self._examples.resolved(schema).get("description", "")
                content = {JSON: {"schema": schema, "examples": self._examples.of(schema)}}
                yield (
                    str(answer.success),
                    {"description": _plain(said) or "Done.", "headers": headers, "content": content},
                )

    def _refusals(self) -> dict[int, list[Refused]]:
        """Those that are declared, and those that follow from what the endpoint takes and who may call it."""
        found: dict[int, list[Refused]] = {}
        for refused in [*self._implied(), *self.declaration.refusals]:
            found.setdefault(refused.status, []).append(refused)
        return found

    def _implied(self) -> Iterator[Refused]:
        names_row = "{" in self.path
        if names_row or self.declaration.forms or self.declaration.queries or self._happens_once:
            yield Refused(400, "What was sent is wrong; `errors` says what.")
        if self.view.get_authenticators():
            yield Refused(401, "There is no token, it has expired, or its session has ended.")
        if any(not isinstance(permission, IsAuthenticated) for permission in self.view.get_permissions()):
            yield Refused(403, "Not for this role, or a doctor who is not approved, or a second step is missing.")
        if names_row:
            yield Refused(404, "It is not there, or not yours to see.")
        if self.declaration.forms:
            yield Refused(413, "The body is too large.")
            yield Refused(415, "The body is neither JSON nor a form.")
        if self._happens_once:
            yield Refused(422, "The `Idempotency-Key` was sent with another request before.")
        for status in ALWAYS:
            yield Refused(status, SENTENCES[status])

    def _refusal(self, status: int, refusals: list[Refused]) -> Schema:
        bodies = list(dict.fromkeys(refused.body or ErrorBody for refused in refusals))
        waits = [RETRY_AFTER] if status in {429, 503} else []
        signs_in = [CHALLENGE] if status == HTTPStatus.UNAUTHORIZED else []
        headers = self._headers(REQUEST_ID, *COUNTS, *waits, *signs_in)
        kinds = {
            JSON: either([schema_of(body, self.registry) for body in bodies]),
            PROBLEM: either([problem_of(body, self.registry) for body in bodies]),
        }
        said = {
            "code": "validation" if status == HTTPStatus.BAD_REQUEST else CODES.get(status, "refused"),
            "error": SENTENCES.get(status, refusals[-1].why),
        }
        content = {
            kind: {"schema": schema, "examples": self._examples.of_refusal(schema, status, said)}
            for kind, schema in kinds.items()
        }
        why = list(dict.fromkeys(refused.why for refused in refusals))
        return {"description": " ".join(why), "headers": headers, "content": content}

    def _headers(self, *names: str) -> Schema:
        for name in names:
            component = ResolvedComponent(name, ResolvedComponent.HEADER, HEADERS[name], object=Refused)
            self.registry.register_on_missing(component)
        return {name: {"$ref": f"#/components/headers/{name}"} for name in names}

    @property
    def _examples(self) -> Examples:
        return Examples(self.registry)


def _kinds(wholes: list[Schema]) -> list[str]:
    """In which content types a body can come: with a file only as multipart, with lists of objects only as JSON."""
    fields = [field for whole in wholes for field in whole.get("properties", {}).values()]
    required = {name for whole in wholes for name in whole.get("required", [])}
    files = {
        name
        for whole in wholes
        for name, field in whole.get("properties", {}).items()
        if field.get("format") == "binary"
    }
    if files:
        return [MULTIPART] if files & required else [JSON, MULTIPART]
    if any("items" in field or "anyOf" in field or "$ref" in field for field in fields):
        return [JSON]
    return [JSON, FORM, MULTIPART]


def _first_of(text: str) -> str:
    return re.split(r"(?<=[.;:]) ", _plain(text))[0].rstrip(".;:")


def _plain(text: str) -> str:
    """A docstring's paragraph as Markdown: two backticks are one."""
    return " ".join(text.split()).replace("``", "`")
