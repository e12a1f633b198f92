"""Whether answers of the API are as its schema says, to the letter: no status, type of content or field beyond it.

The schema lets clients ignore fields that they do not know; here every object is closed, so that a field which the
schema does not have fails.
"""

import copy
import json
import re
from functools import cache
from typing import Any

import jsonschema_rs

from medichat.api.schema.views import description


@cache
def closed() -> dict[str, Any]:
    """The schema with every object of an answer closed."""
    schema = copy.deepcopy(description())
    for name, component in schema["components"]["schemas"].items():
        # Of what is sent, unknown fields are not looked at.
        if "properties" in component and not name.endswith("Sent"):
            component["additionalProperties"] = False
    return schema


@cache
def validator(text: str) -> Any:
    """For a schema, as JSON text, that may refer to the components."""
    schema = json.loads(text) | {"components": closed()["components"]}
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=True)


def faults(schema: dict[str, Any], value: Any) -> list[str]:
    """What of the value is not as the schema says."""
    return [
        f"{'.'.join(map(str, error.instance_path))}: {error.message}"[:300]
        for error in validator(json.dumps(schema)).iter_errors(value)
    ]


@cache
def patterns() -> list[tuple[re.Pattern[str], str]]:
    """The paths of the schema, those without an id first."""
    found = sorted(closed()["paths"], key=lambda path: path.count("{"))
    return [(re.compile(re.sub(r"{\w+}", "[^/]+", path)), path) for path in found]


def operation_of(method: str, path: str) -> dict[str, Any] | None:
    """The operation that answers, None where nothing is described."""
    path = path.lower().rstrip("/")
    for pattern, described in patterns():
        if pattern.fullmatch(path) and method.lower() in closed()["paths"][described]:
            operation: dict[str, Any] = closed()["paths"][described][method.lower()]
            return operation
    return None


def resolved(part: dict[str, Any]) -> dict[str, Any]:
    """What it refers to."""
    while "$ref" in part:
        found: Any = closed()
        for name in part["$ref"].removeprefix("#/").split("/"):
            found = found[name]
        part = found
    return part


def complaints(method: str, path: str, response: Any) -> list[str]:
    """What is wrong with an answer, if it is one of the API."""
    if not re.fullmatch(r"/api(/.*)?", path, re.IGNORECASE):
        return []
    operation = operation_of(method, path)
    kind = response.headers.get("Content-Type", "").partition(";")[0]
    said = f"{method} {path}: {response.status_code} {kind}"
    if operation is None:
        # An unknown path or a wrong method, and a browser's question before a call.
        if response.status_code == 200 and method in {"OPTIONS", "HEAD"}:
            return []
        error = {"$ref": f"#/components/schemas/Error{'Problem' if 'problem' in kind else ''}"}
        return [f"{said}: {fault}" for fault in faults(error, response.json())] if method != "HEAD" else []
    if str(response.status_code) not in operation["responses"]:
        return [f"{said} is not described"]
    described = resolved(operation["responses"][str(response.status_code)])
    contents = described["content"]
    if kind not in contents:
        return [] if "*/*" in contents else [f"{said}: the type is not described"]
    needed = {name for name, header in described["headers"].items() if resolved(header).get("required")}
    wrong = [f"{said}: no header {name}" for name in needed if name not in response.headers]
    if kind.endswith("json"):
        wrong += [f"{said}: {fault}" for fault in faults(contents[kind]["schema"], response.json())]
    return wrong
