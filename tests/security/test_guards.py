"""The triggers that guard what policies cannot: they hold whatever settings somebody brings along."""

import pgtrigger
import pytest
from django.db import ProgrammingError, connection, transaction

from accounts.models import User
from records.models import CareRelation
from tests.cast import as_person


def pass_over_all_triggers() -> None:
    """What somebody who may run SQL as the application role would try."""
    names = ",".join(trigger.get_pgid(model) for model, trigger in pgtrigger.registered())
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('pgtrigger.ignore', %s, true)", ["{" + names + "}"])


def test_a_patient_cannot_become_an_administrator_by_passing_over_triggers(patient: User) -> None:
    with as_person(patient):
        pass_over_all_triggers()

        with pytest.raises(ProgrammingError, match="only an administrator"), transaction.atomic():
            User.objects.filter(pk=patient.pk).update(role="admin")


def test_a_doctor_cannot_open_a_chart_by_passing_over_triggers(patient: User, stranger_doctor: User) -> None:
    relation = CareRelation(patient=patient, doctor=stranger_doctor, kind="assigned")
    with as_person(stranger_doctor):
        pass_over_all_triggers()

        with pytest.raises(ProgrammingError), transaction.atomic():
            CareRelation.objects.bulk_create([relation])
