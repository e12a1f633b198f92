"""The record of who did what."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    """The activity log and what writes it."""

    name = "audit"
    verbose_name = "Record of activity"

    def ready(self) -> None:
        """Listen to what the other apps say."""
        from audit import (  # noqa: F401 -- importing connects; models must be loaded first
            diffs,
            import_receivers,
            lists,
            prescription_receivers,
            receivers,
        )

        diffs.register()
        import_receivers.connect()
        lists.connect()
