"""Field-level diffs by django-auditlog: which models, and what of them is never shown."""

from typing import Any

from auditlog.models import LogEntry
from auditlog.registry import auditlog
from auditlog.signals import post_log
from django.db import models

from accounts.models import User
from audit.actions import Action
from audit.record import purpose_of, record
from audit.request import current_actor, in_admin
from prescriptions.models import Prescription
from records.models import (
    Allergy,
    EmergencyContact,
    FamilyHistory,
    Immunization,
    MedicalHistory,
    MedicalInfo,
    Medication,
    SocialHistory,
    SurgicalHistory,
    VitalSigns,
)

CHART = [
    Allergy,
    EmergencyContact,
    FamilyHistory,
    Immunization,
    MedicalHistory,
    MedicalInfo,
    Medication,
    SocialHistory,
    SurgicalHistory,
    VitalSigns,
]
MASK = "••••"
KEPT_BY_THE_DATABASE = ["created_at", "updated_at"]
CHANGES = {
    LogEntry.Action.CREATE: "created",
    LogEntry.Action.UPDATE: "changed",
    LogEntry.Action.DELETE: "deleted",
}


def masked(_value: str) -> str:
    """What a diff shows of an encrypted field: that it changed, and nothing else, not even its length."""
    return MASK


def encrypted_fields(model: type[models.Model]) -> list[str]:
    """The names of a model's encrypted fields."""
    return [field.name for field in model._meta.get_fields() if getattr(field, "is_encrypted", False)]


def register() -> None:
    """Keep diffs of people, charts and prescriptions; what the admin changes is noted in the activity log as well."""
    for model in [User, Prescription, *CHART]:
        never = ["password", "last_login"] if model is User else []
        auditlog.register(
            model,
            exclude_fields=[*KEPT_BY_THE_DATABASE, *never],
            mask_fields=encrypted_fields(model),
            mask_callable="audit.diffs.masked",
        )
    for model in CHART:
        post_log.connect(chart_changed, sender=model, dispatch_uid=f"audit.chart_changed.{model._meta.model_name}")
    post_log.connect(account_changed, sender=User, dispatch_uid="audit.account_changed")


def chart_changed(
    sender: type[models.Model], instance: Any, action: int, changes: dict[str, Any] | None, error: Any, **_: Any
) -> None:
    """An administrator changed a chart in the admin, which saves rows as they are; others' changes have a signal."""
    if error is not None or not in_admin():
        return  # an error is raised by auditlog after telling us
    actor = current_actor()
    record(
        Action.CHART_CHANGED,
        actor=actor,
        patient_id=instance.patient_id,
        resource_type=str(sender._meta.model_name),
        resource_id=instance.pk,
        purpose=purpose_of(actor, instance.patient_id),
        codes={"change": CHANGES[action], "fields": sorted(changes or {})},
    )


def account_changed(
    sender: type[User], instance: User, action: int, changes: dict[str, Any] | None, error: Any, **_: Any
) -> None:
    """An administrator made or changed an account in the admin; what people do themselves has signals of its own."""
    actor = current_actor()
    if error is not None or actor is None or not in_admin():
        return
    record(
        Action.USER_CREATED if action == LogEntry.Action.CREATE else Action.USER_UPDATED,
        actor=actor,
        patient_id=instance.pk if instance.is_patient else None,
        resource_type="user",
        resource_id=instance.pk,
        purpose=purpose_of(actor, instance.pk),
        codes={"change": CHANGES[action], "fields": sorted(changes or {})},
    )
