"""Prescriptions."""

from django.apps import AppConfig
from django.conf import settings


class PrescriptionsConfig(AppConfig):
    """Answering a case and prescribing."""

    name = "prescriptions"
    verbose_name = "Prescriptions"

    def ready(self) -> None:
        """Listen to what conversations ask, and write letters about what happens to prescriptions.

        Raises ImproperlyConfigured in production without a key to sign prescriptions with.
        """
        from prescriptions import notices, treatment  # noqa: F401  # connects their receivers
        from prescriptions.signing_key import refuse_unusable_key

        if settings.PRODUCTION:
            refuse_unusable_key()
