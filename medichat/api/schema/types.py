"""Python types of answers as JSON Schema. A ``TypedDict`` becomes a component; its docstring is the description."""

import inspect
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NotRequired, Required, Union, get_args, get_origin, get_type_hints

from drf_spectacular.plumbing import ComponentRegistry, ResolvedComponent

from medichat.api.shapes import Shape

Schema = dict[str, Any]
PLAIN = {str: "string", int: "integer", float: "number", bool: "boolean", NoneType: "null"}


class UnknownTypeError(TypeError):
    """A type that answers of the API do not use: the schema would have to guess."""


def component_name(kind: Any) -> str:
    """``UserBody`` is called ``User`` in the schema."""
    return str(kind.__name__).removesuffix("Body")


def schema_of(kind: Any, registry: ComponentRegistry) -> Schema:
    """The schema of a type; components that it needs are registered. Raises UnknownTypeError."""
    origin, arguments = get_origin(kind), get_args(kind)
    if kind is Any:
        return {}
    if kind in PLAIN:
        return {"type": PLAIN[kind]}
    if hasattr(kind, "__required_keys__"):
        return _component(kind, registry)
    if origin is Annotated:
        shape = schema_of(arguments[0], registry)
        for note in arguments[1:]:
            shape |= note.members if isinstance(note, Shape) else {}
        return shape
    if origin in {NotRequired, Required}:
        return schema_of(arguments[0], registry)
    if origin is Literal:
        return {"type": PLAIN[type(arguments[0])], "enum": list(arguments)}
    if origin is list:
        return {"type": "array", "items": schema_of(arguments[0], registry)}
    if origin is dict:
        return {"type": "object", "additionalProperties": schema_of(arguments[1], registry)}
    if origin in {Union, UnionType}:
        return either([schema_of(part, registry) for part in arguments])
    raise UnknownTypeError(f"The schema cannot tell what {kind!r} is in JSON.")


def either(parts: list[Schema]) -> Schema:
    """One of several; null is another type of a plain value."""
    (plain, *others) = [part for part in parts if part != {"type": "null"}] or parts
    nullable = {"type": "null"} in parts
    if others or (nullable and "type" not in plain):
        return {"anyOf": parts}
    if not nullable:
        return plain
    plain = {**plain, "type": [plain["type"], "null"]}
    if "enum" in plain:
        plain["enum"] = [*plain["enum"], None]
    return plain


def _component(kind: Any, registry: ComponentRegistry) -> Schema:
    component = ResolvedComponent(component_name(kind), ResolvedComponent.SCHEMA, object=kind)
    if component not in registry:
        registry.register(component)
        component.schema = object_of(kind, registry)
    return dict(registry[component].ref)


def object_of(kind: Any, registry: ComponentRegistry) -> Schema:
    """A ``TypedDict`` as an object."""
    hints = get_type_hints(kind, include_extras=True)
    schema: Schema = {
        "type": "object",
        "description": inspect.getdoc(kind) or "",
        "properties": {name: schema_of(hint, registry) for name, hint in hints.items()},
    }
    required = [name for name in hints if name in kind.__required_keys__]
    return schema | ({"required": required} if required else {})
