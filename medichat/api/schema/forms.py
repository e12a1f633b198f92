"""What serializers' fields of this project accept, where it is more than their class says."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension, OpenApiSerializerFieldExtension


class BearerScheme(OpenApiAuthenticationExtension):
    """``Authorization: Bearer <access token>``."""

    target_class = "accounts.api.authentication.BearerAuthentication"
    name = "bearer"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """As OpenAPI says it."""
        return {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "The `token` that signing in answers.",
        }


class FileFieldShape(OpenApiSerializerFieldExtension):
    """The bytes of a file."""

    target_class = "rest_framework.fields.FileField"

    def map_serializer_field(self, auto_schema: Any, direction: str) -> dict[str, Any]:
        """As JSON Schema."""
        return {"type": "string", "format": "binary"}


class DecimalFieldShape(OpenApiSerializerFieldExtension):
    """A number, or the number as text."""

    target_class = "rest_framework.fields.DecimalField"

    def map_serializer_field(self, auto_schema: Any, direction: str) -> dict[str, Any]:
        """As JSON Schema."""
        digits = self.target.max_digits - self.target.decimal_places
        return {
            "type": ["number", "string"],
            "minimum": self.target.min_value,
            "exclusiveMaximum": 10**digits,
            "pattern": rf"^\d{{1,{digits}}}(\.\d{{1,{self.target.decimal_places}}})?$",
        }


class DayFieldShape(OpenApiSerializerFieldExtension):
    """A date, or the timestamp in which answers carry it."""

    target_class = "medichat.api.values.DayField"

    def map_serializer_field(self, auto_schema: Any, direction: str) -> dict[str, Any]:
        """As JSON Schema."""
        return {
            "type": "string",
            "description": "A date, `YYYY-MM-DD`, or a timestamp, of which the day counts.",
            "examples": ["1990-06-15"],
        }
