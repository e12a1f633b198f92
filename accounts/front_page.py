"""What of the accounts stands on the front page of the administration."""

from collections.abc import Iterator

from django.db.models import Count, Q
from django.urls import reverse

from accounts.models import Role, User
from medichat.front_page import Notice, Part, Period, Weight, counted, panel


@panel
def doctors(period: Period, asker: User) -> Iterator[Part]:
    """Doctors whose licence is to be checked; and that nobody can answer at all."""
    people = reverse("admin:accounts_user_changelist")
    found = User.objects.filter(role=Role.DOCTOR, is_active=True).aggregate(
        waiting=Count("pk", filter=Q(approved_at__isnull=True)),
        approved=Count("pk", filter=Q(approved_at__isnull=False)),
    )
    if found["waiting"]:
        yield Notice(
            Weight.TASK,
            counted(found["waiting"], "doctor waits for approval", "doctors wait for approval"),
            f"{people}?approval=waiting",
            "Until the licence is checked, they see no patient.",
        )
    if not found["approved"]:
        yield Notice(
            Weight.TROUBLE,
            "No doctor is approved",
            f"{people}?role__exact={Role.DOCTOR}",
            "Nobody can answer a patient.",
        )
