"""The sheet on which prescriptions were issued together, and the code by which a pharmacist asks about it."""

import hashlib
import re
import secrets
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from conversations.models import Conversation
from medichat.db.base import BaseModel
from medichat.db.encrypted import EncryptedTextField
from records.models.care import visible_patients

# Figures and letters that are not taken for one another when they are read from paper (no I, L, O, U).
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_LENGTH = 16
"""Characters of a code: 80 bits, so that guessing finds nothing whatever the number of sheets."""
GROUP = 4
_MISREAD = str.maketrans({"I": "1", "L": "1", "O": "0"})


def new_code() -> str:
    """A code that nobody can guess, in groups: ``7K2M-QX4T-9RBW-0VHD``."""
    code = "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))
    return "-".join(code[begin : begin + GROUP] for begin in range(0, CODE_LENGTH, GROUP))


def hash_of(typed: str) -> str:
    """What a code is found by, however it was typed: small letters, blanks and an O for a 0 make no difference.

    Every text has a hash, so that looking for nonsense is the same work as looking for a code.
    """
    plain = re.sub(r"[\s\u2010-\u2015-]+", "", typed[:200]).upper().translate(_MISREAD)
    return hashlib.sha256(plain.encode("utf-8", "replace")).hexdigest()


class IssuedSheetQuerySet(models.QuerySet["IssuedSheet"]):
    """Words for queries on sheets."""

    def visible_to(self, user: User) -> Self:
        """Of the patients whose prescriptions this person may see."""
        return self.filter(visible_patients(user))


class IssuedSheet(BaseModel):
    """What was issued together: the items are ``prescriptions``.

    What the page for pharmacists says stands in the row itself, as it was on the day of issue: that page opens this one
    row and its items by the hash of the code, and nothing else of the patient. Of the patient it knows initials and the
    year of birth only.
    """

    conversation = models.ForeignKey(Conversation, models.PROTECT, related_name="sheets")
    patient = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    doctor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    code = EncryptedTextField(help_text="Printed on the sheet.")
    code_hash = models.CharField(max_length=64, unique=True, editable=False)
    patient_initials = models.CharField(max_length=20, blank=True)
    patient_birth_year = models.PositiveSmallIntegerField(null=True, blank=True)
    prescriber_name = models.CharField(max_length=300)
    prescriber_licence = models.CharField(max_length=100, blank=True)
    issued_on = models.DateField(help_text="The day of issue where the clinic is.")

    objects = IssuedSheetQuerySet.as_manager()

    class Meta(BaseModel.Meta):
        db_table = "prescription_sheets"
        verbose_name = "prescription sheet"
        ordering = ["-created_at", "id"]
        constraints = [
            models.CheckConstraint(
                name="prescription_sheets_hash_is_one", condition=Q(code_hash__regex=r"^[0-9a-f]{64}$")
            ),
            # More than initials would tell a stranger with the paper's code who the patient is.
            models.CheckConstraint(
                name="prescription_sheets_initials_only", condition=Q(patient_initials__regex=r"^(\S\.( \S\.)*)?$")
            ),
        ]
        indexes = [models.Index(fields=["patient", "-created_at"], name="sheets_of_patient")]

    def __str__(self) -> str:
        return f"Sheet of {self.issued_on}"

    @classmethod
    def issue(cls, conversation: Conversation, *, by: User) -> "IssuedSheet":
        """A new sheet for this case, with a code of its own."""
        patient, code = conversation.patient, new_code()
        born = patient.date_of_birth
        return IssuedSheet.objects.create(
            conversation=conversation,
            patient_id=conversation.patient_id,
            doctor=by,
            code=code,
            code_hash=hash_of(code),
            patient_initials=initials_of(patient.first_name, patient.last_name),
            patient_birth_year=born.year if born else None,
            prescriber_name=by.get_full_name() or str(by),
            prescriber_licence=by.licence_number or "",
            issued_on=timezone.localdate(),
        )


def initials_of(first_name: str, last_name: str) -> str:
    """``Ana Maria``, ``Horvat`` -> ``A. M. H.``; nothing for somebody whose name is not known. Six names at most."""
    letters = [
        next((letter for letter in part if letter.isalpha()), "")
        for part in re.split(r"[\s-]+", f"{first_name} {last_name}")
    ]
    return " ".join(f"{letter.upper()[:1]}." for letter in [letter for letter in letters if letter][:6])
