"""What of the chart stands on the front page of the administration."""

from collections.abc import Iterator

from django.urls import reverse

from accounts.models import User
from medichat.front_page import Notice, Part, Period, Weight, counted, panel
from records.models import EmergencyAccess


@panel
def emergency_accesses(period: Period, asker: User) -> Iterator[Part]:
    """Charts that were opened without a relation, until somebody has judged the reason."""
    number = EmergencyAccess.objects.visible_to(asker).to_be_reviewed().count()
    if number:
        yield Notice(
            Weight.TASK,
            counted(number, "emergency access to review", "emergency accesses to review"),
            f"{reverse('admin:records_emergencyaccess_changelist')}?review=waiting",
            "A doctor opened a record without a relation to the patient. See whether the reason holds.",
        )
