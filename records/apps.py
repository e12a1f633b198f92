"""The chart."""

from django.apps import AppConfig


class RecordsConfig(AppConfig):
    """Medical information, allergies, medications, history, and who may care for whom."""

    name = "records"
    verbose_name = "Records"

    def ready(self) -> None:
        """Listen to what accounts tell."""
        from records import receivers  # noqa: F401 - connecting is what importing it is for
