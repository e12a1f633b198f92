"""Prescriptions."""

from datetime import timedelta

import factory
from django.utils import timezone

from prescriptions.models import Prescription, PrescriptionAlert
from tests.factories.accounts import DoctorFactory
from tests.factories.conversations import ConversationFactory, OfCaseFactory
from tests.factories.rows import SystemFactory


class PrescriptionFactory(OfCaseFactory):
    """An active prescription, valid for four weeks."""

    class Meta:
        model = Prescription

    conversation = factory.SubFactory(ConversationFactory, answered=True)
    doctor = factory.LazyAttribute(lambda row: row.conversation.doctor or DoctorFactory())
    medication_name = "Ibuprofen"
    dose = "400 mg"
    route = "by mouth"
    frequency = "three times a day"
    duration = "5 days"
    quantity = 15
    issued_at = factory.LazyFunction(timezone.now)
    issued_on = factory.LazyFunction(timezone.localdate)
    expires_on = factory.LazyFunction(lambda: timezone.localdate() + timedelta(days=28))
    instructions = "With food."


class PrescriptionAlertFactory(SystemFactory):
    """A caution that the doctor saw."""

    class Meta:
        model = PrescriptionAlert

    prescription = factory.SubFactory(PrescriptionFactory)
    patient = factory.LazyAttribute(lambda row: row.prescription.patient)
    kind = "interaction"
    severity = PrescriptionAlert.Severity.CAUTION
    title = "Ibuprofen with enalapril"
    reason = "May impair the kidneys."
