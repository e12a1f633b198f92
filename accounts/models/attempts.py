"""How often something was tried or asked."""

from django.db import models


class AttemptCount(models.Model):
    """How often something was tried, under a keyed hash of who tried it from where (see ``accounts.throttle``)."""

    key = models.CharField(max_length=64, primary_key=True, editable=False)
    attempts = models.PositiveIntegerField(default=0)
    last_at = models.DateTimeField()
    blocked_until = models.DateTimeField(null=True)
    refused = models.BooleanField(default=False)
    succeeded_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "attempt_counts"
        indexes = [models.Index(fields=["last_at"], name="attempt_counts_by_age")]

    def __str__(self) -> str:
        return f"{self.attempts} attempts"


class RequestCount(models.Model):
    """How many requests of the API came from somebody since a moment, under a keyed hash of whom (see
    ``accounts.request_limit``)."""

    key = models.CharField(max_length=64, primary_key=True, editable=False)
    began_at = models.DateTimeField()
    requests = models.PositiveIntegerField()

    class Meta:
        db_table = "request_counts"
        indexes = [models.Index(fields=["began_at"], name="request_counts_by_age")]

    def __str__(self) -> str:
        return f"{self.requests} requests"
