"""Prescriptions."""

from datetime import timedelta

import factory
from django.utils import timezone

from prescriptions.models import (
    IssuedSheet,
    Prescription,
    PrescriptionAlert,
    PrescriptionFill,
    RefillRequest,
)
from prescriptions.models.sheet import hash_of, new_code
from tests.factories.accounts import DoctorFactory
from tests.factories.conversations import ConversationFactory, OfCaseFactory
from tests.factories.rows import SystemFactory


class IssuedSheetFactory(OfCaseFactory):
    """The sheet of an answer."""

    class Meta:
        model = IssuedSheet

    conversation = factory.SubFactory(ConversationFactory, answered=True)
    doctor = factory.LazyAttribute(lambda row: row.conversation.doctor or DoctorFactory())
    code = factory.LazyFunction(new_code)
    code_hash = factory.LazyAttribute(lambda row: hash_of(row.code))
    patient_initials = "A. H."
    patient_birth_year = 1990
    prescriber_name = "Clara Lindqvist"
    issued_on = factory.LazyFunction(timezone.localdate)


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


class PrescriptionFillFactory(SystemFactory):
    """The first supply, given out today. (That it was counted on the prescription is ``PrescriptionFill.record``'s.)"""

    class Meta:
        model = PrescriptionFill

    prescription = factory.SubFactory(PrescriptionFactory)
    patient = factory.LazyAttribute(lambda row: row.prescription.patient)
    number = 1
    filled_on = factory.LazyFunction(timezone.localdate)
    pharmacy = "Corner Pharmacy"
    recorded_by = factory.LazyAttribute(lambda row: row.prescription.doctor)


class RefillRequestFactory(SystemFactory):
    """The patient has asked for more, and nobody has decided."""

    class Meta:
        model = RefillRequest

    prescription = factory.SubFactory(PrescriptionFactory)
    patient = factory.LazyAttribute(lambda row: row.prescription.patient)
    message = "It helps. I have two tablets left."
