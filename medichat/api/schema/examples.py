"""What stands in the examples of the schema: made-up people, one value for each name.

An example of a body is put together from the examples of its fields, so it cannot miss one. A field without an example
here, in its type (``medichat.api.shapes``) or by being one of a few words makes the check of the schema fail.
"""

from http import HTTPStatus
from typing import Any

from drf_spectacular.drainage import warn
from drf_spectacular.plumbing import ComponentRegistry

from medichat.api.schema.types import Schema
from medichat.api.schema.values_shown import VALUES

PREFIX = "#/components/schemas/"
OF_FORMAT = {
    "uuid": "0199a4d2-6c1e-7b44-9f0a-3c5d7e9b1a20",
    "date": "2026-12-31",
    "email": "ana@example.org",
    "binary": "(the bytes of the file)",
}
OF_TYPE: dict[str, Any] = {"boolean": True, "integer": 1, "number": 1}


class Examples:
    """Examples of the schemas in this registry."""

    def __init__(self, registry: ComponentRegistry) -> None:
        self.registry = registry

    def of(self, schema: Schema) -> Schema:
        """As OpenAPI wants them: a name and the value."""
        return {"example": {"value": self.value(schema)}}

    def of_refusal(self, schema: Schema, status: int, said: dict[str, str]) -> Schema:
        """A refusal's, with the sentence and the code of this status, one for each body that it may have."""
        found = {}
        for number, part in enumerate(schema.get("anyOf", [schema]), start=1):
            value = self.value(part)
            has_code_of_its_own = f"{part.get('$ref', '').removeprefix(PREFIX)}.code" in VALUES
            value |= {"error": said["error"], "message": said["error"]}
            value["code"] = value["code"] if has_code_of_its_own else said["code"]
            if "title" in value:
                value["title"] = HTTPStatus(status).phrase
            value["status"] = status if "title" in value else "fail" if status < 500 else "error"
            if "detail" in value:
                value["detail"] = said["error"]
            if status != 400:
                value.pop("errors", None)
            found["example" if number == 1 else f"example{number}"] = {"value": value}
        return found

    def resolved(self, schema: Schema) -> Schema:
        """The schema itself, where this one refers to it."""
        while "$ref" in schema:
            name = schema["$ref"].removeprefix(PREFIX)
            schema = self.registry._components[name, "schemas"].schema
        return schema

    def value(self, schema: Schema, name: str = "", owner: str = "") -> Any:
        """An example of this schema; ``name`` is the field's, ``owner`` the component's in which it stands."""
        if "$ref" in schema:
            owner = schema["$ref"].removeprefix(PREFIX)
        schema = self.resolved(schema)
        for known in (f"{owner}.{name}", name):
            if known in VALUES and "properties" not in schema:
                return VALUES[known]
        if "allOf" in schema:
            return {key: value for part in schema["allOf"] for key, value in self.value(part).items()}
        for choice in ("anyOf", "oneOf"):
            if choice in schema:
                return self.value(schema[choice][0], name, owner)
        return self._plain(schema, name, owner)

    def _plain(self, schema: Schema, name: str, owner: str) -> Any:
        for key in ("examples", "enum"):
            if key in schema:
                return schema[key][0]
        kinds = schema.get("type", "")
        kind = kinds[0] if isinstance(kinds, list) else kinds
        match kind:
            case "object" if "properties" in schema:
                return {key: self.value(part, key, owner) for key, part in schema["properties"].items()}
            case "object":
                return {}
            case "array":
                return [self.value(schema["items"], name, owner)]
        if schema.get("format") in OF_FORMAT:
            return OF_FORMAT[schema["format"]]
        if kind in OF_TYPE:
            return OF_TYPE[kind]
        warn(f"no example of {owner}.{name}: add one to medichat/api/schema/values_shown.py")
        return f"({name})"
