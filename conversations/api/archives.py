"""Whether a list also shows what somebody has put away."""

from typing import Any

from rest_framework import serializers

from medichat.api.views import ApiView


class ArchivedToo(serializers.Serializer[Any]):
    """Whether what was put away is wanted too."""

    includeArchived = serializers.CharField(
        required=False, trim_whitespace=False, help_text="`true`, exactly: also what was put away. Anything else: not."
    )


def wants_archived(view: ApiView) -> bool:
    """Whether ``includeArchived`` is exactly ``true``, as the previous system had it."""
    return view.asked(ArchivedToo).get("includeArchived") == "true"
