"""What the chart takes from what people say elsewhere."""

from typing import Any

from django.dispatch import receiver

from accounts.models import User
from accounts.signals import registered
from medichat.db.context import acting_as
from records.models import MedicalInfo
from records.signals import tell


@receiver(registered)
def begin_chart(sender: Any, *, user: User, stated: dict[str, str] | None = None, **_: Any) -> None:
    """A patient who said their sex when registering has it on the chart."""
    if user.is_patient and stated and stated.get("sex"):
        with acting_as(user):
            info = MedicalInfo.objects.create(patient=user, sex=stated["sex"])
            tell(info, "added", by=user, fields=["sex"])
