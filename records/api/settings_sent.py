"""The settings form as existing clients send it; ``settings_form`` says what of it is meant as a change."""

from typing import Annotated, TypedDict

from medichat.api.shapes import OneOf, Shape
from records.models import MedicalInfo

Text = str | None
# Clients send numbers as they were loaded, and texts as they were typed.
TextOrNumber = str | float | None
DayTyped = Annotated[str, Shape(description="A date, `YYYY-MM-DD`, or a timestamp.", examples=["1990-06-15"])]


class MedicineSent(TypedDict, total=False):
    """A medicine: a new one by ``name``, or one as it was loaded, with its ``id``."""

    id: str | None
    name: str | None
    medicationName: str | None
    dosage: str | None
    frequency: str | None


class AllergySent(TypedDict, total=False):
    """An allergy as it was loaded."""

    id: str | None
    allergen: str | None


class ConditionSent(TypedDict, total=False):
    """A condition as it was loaded."""

    id: str | None
    condition: str | None


class ContactSent(TypedDict, total=False):
    """Somebody to call."""

    name: str | None
    relationship: str | None
    phone: str | None
    email: str | None


class SettingsSent(TypedDict, total=False):
    """The form. What is left out or empty changes nothing; null clears a text; entries of lists are added.

    In a multipart form the lists are JSON texts.
    """

    phone: TextOrNumber
    dateOfBirth: DayTyped | None
    gender: Annotated[str, OneOf(MedicalInfo.Sex, "")] | None
    height: TextOrNumber
    weight: TextOrNumber
    bloodType: Annotated[str, OneOf(MedicalInfo.BloodType, "")] | None
    smokingStatus: Annotated[str, OneOf(MedicalInfo.Smoking, "")] | None
    alcoholConsumption: Annotated[str, OneOf(MedicalInfo.Alcohol, "")] | None
    exerciseFrequency: Annotated[str, OneOf(MedicalInfo.Exercise, "")] | None
    preferredLanguage: Text
    primaryPhysician: Text
    pharmacyName: Text
    pharmacyPhone: TextOrNumber
    insuranceProvider: Text
    insurancePolicyNumber: TextOrNumber
    insuranceGroupNumber: TextOrNumber
    allergies: list[str | AllergySent] | str | None
    currentMedications: list[str | MedicineSent] | str | None
    chronicConditions: list[str | ConditionSent] | str | None
    emergencyContacts: list[ContactSent] | str | None
    emergencyContact: Text
    emergencyContactPhone: TextOrNumber
