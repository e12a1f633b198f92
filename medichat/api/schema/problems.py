"""The error bodies as problem details (RFC 9457), for clients that accept them."""

from typing import Any

from drf_spectacular.plumbing import ComponentRegistry, ResolvedComponent

from medichat.api.schema.types import Schema, component_name, object_of

MEMBERS: Schema = {
    "type": {"type": "string", "enum": ["about:blank"]},
    "title": {"type": "string", "description": "The status in words.", "examples": ["Bad Request"]},
    "status": {"type": "integer", "minimum": 400, "maximum": 599, "examples": [400]},
    "detail": {"type": "string", "description": "The same as `error`."},
}


def problem_of(body: Any, registry: ComponentRegistry) -> Schema:
    """The same body with the members of RFC 9457; there ``status`` is the number."""
    component = ResolvedComponent(f"{component_name(body)}Problem", ResolvedComponent.SCHEMA, object=body)
    if component not in registry:
        registry.register(component)
        schema = object_of(body, registry)
        schema["properties"] = schema["properties"] | MEMBERS
        schema["required"] = sorted({*schema["required"], *MEMBERS})
        schema["description"] = f"{schema['description']} As problem details (RFC 9457)."
        component.schema = schema
    return dict(registry[component].ref)
