"""What the intake found: symptoms and red flags, each with the words it was found in."""

from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q

from accounts.models import User
from conversations.models.conversation import Conversation
from medichat.db.base import BaseModel, ImportableModel, choices_constraint
from medichat.db.encrypted import EncryptedTextField


class OfCaseQuerySet(models.QuerySet[Any]):
    """Words for queries on what belongs to a conversation."""

    def visible_to(self, user: User) -> Self:
        """What belongs to the conversations that this person may see."""
        if user.database_role == "admin":
            return self.all()
        cases = Conversation.objects.visible_to(user).order_by()
        return self.filter(conversation_id__in=cases.values("pk"))


class SymptomSeverity(models.TextChoices):
    """What the severity of a symptom may be."""

    MILD = "mild", "Mild"
    MODERATE = "moderate", "Moderate"
    SEVERE = "severe", "Severe"
    LIFE_THREATENING = "life_threatening", "Life-threatening"


class Symptom(ImportableModel):
    """A symptom the patient has, or denies having (``is_denied``). ``severity_score`` is 0 to 10 as stated."""

    Severity = SymptomSeverity

    conversation = models.ForeignKey(Conversation, models.PROTECT, related_name="symptoms")
    patient = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    position = models.PositiveSmallIntegerField(default=0)
    symptom = models.CharField(max_length=200)
    location = models.CharField(max_length=200, null=True, blank=True)
    severity = models.CharField(max_length=20, choices=SymptomSeverity, null=True, blank=True)
    severity_score = models.PositiveSmallIntegerField(null=True, blank=True)
    severity_text = models.CharField(max_length=200, null=True, blank=True)
    duration = models.CharField(max_length=200, null=True, blank=True)
    onset = models.CharField(max_length=200, null=True, blank=True)
    character = models.CharField(max_length=200, null=True, blank=True)
    is_denied = models.BooleanField(default=False)
    evidence = EncryptedTextField(null=True, blank=True, help_text="The patient's words.")
    evidence_message_id = models.UUIDField(null=True, blank=True)
    notes = EncryptedTextField(null=True, blank=True)

    objects = OfCaseQuerySet.as_manager()

    class Meta(ImportableModel.Meta):
        db_table = "symptoms"
        ordering = ["position", "id"]
        constraints = [
            *ImportableModel.Meta.constraints,
            choices_constraint("severity", SymptomSeverity, name="symptoms_severity", null=True),
            models.CheckConstraint(
                name="symptoms_score_from_0_to_10", condition=Q(severity_score__isnull=True) | Q(severity_score__lte=10)
            ),
        ]
        indexes = [
            models.Index(fields=["conversation", "position"], name="symptoms_of_case"),
            models.Index(fields=["severity", "symptom", "patient"], name="symptoms_by_severity"),
        ]

    def __str__(self) -> str:
        return self.symptom


class RedFlag(BaseModel):
    """A sign of danger that a rule found, with the words that raised it."""

    conversation = models.ForeignKey(Conversation, models.PROTECT, related_name="red_flags")
    patient = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    code = models.CharField(max_length=100)
    label = models.CharField(max_length=200)
    is_emergency = models.BooleanField(default=False)
    rule_source = models.CharField(max_length=300, blank=True, help_text="Where the rule comes from, or 'unreviewed'.")
    evidence = EncryptedTextField()
    evidence_message_id = models.UUIDField(null=True, blank=True)

    objects = OfCaseQuerySet.as_manager()

    class Meta(BaseModel.Meta):
        db_table = "red_flags"
        ordering = ["-is_emergency", "created_at", "id"]
        constraints = [models.UniqueConstraint(fields=["conversation", "code"], name="red_flags_once_per_case")]

    def __str__(self) -> str:
        return self.label
