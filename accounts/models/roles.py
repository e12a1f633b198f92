"""What people are to the clinic, and the choices that they say about themselves."""

from django.db import models


class Role(models.TextChoices):
    """What a person is to the clinic."""

    PATIENT = "patient", "Patient"
    DOCTOR = "doctor", "Doctor"
    ADMIN = "admin", "Administrator"


class Sex(models.TextChoices):
    """What a person says at registration and on the chart; it may be left unsaid."""

    FEMALE = "female", "Female"
    MALE = "male", "Male"
    OTHER = "other", "Other"
    UNDISCLOSED = "prefer-not-to-say", "Prefers not to say"
