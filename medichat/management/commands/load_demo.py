"""Fills an empty database with the demonstration clinic, through the same acts as its pages."""

import io
import uuid
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pgtrigger
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management.base import BaseCommand, CommandError
from django.db import connection, models, transaction
from django.utils import timezone
from PIL import Image, ImageDraw

from accounts.models import User
from conversations import attachments, chat
from conversations.models import Answer, Attachment, Conversation, Message, RedFlag, Symptom
from medichat import demo
from medichat.db import encrypted_files
from medichat.db.context import acting_as, system
from medichat.file_checks import NotScanned
from medichat.file_checks.viruses import refuse_infected
from prescriptions.issue import Proposal
from prescriptions.models import IssuedSheet, Prescription
from prescriptions.respond import respond
from records.models import Allergy, CareRelation, MedicalHistory, MedicalInfo, Medication, Source, VitalSigns


class Command(BaseCommand):
    """``manage.py load_demo``: see the help text."""

    help = "Fill an empty database with a small demonstration clinic of made-up people. Refused in production."

    # What ``manage.py serve`` prints.
    sign_ins = [
        "Demo sign-ins, all with the password: " + demo.PASSWORD,
        *(f"  {account.role + ':':<15}{account.email}" for account in demo.ACCOUNTS),
    ]

    def add_arguments(self, parser: ArgumentParser) -> None:
        """There is nothing to choose."""

    def handle(self, *args: Any, **options: Any) -> None:
        """Load everything or nothing."""
        if settings.PRODUCTION:
            raise CommandError("The demonstration clinic is not for production: its passwords are public.")
        pictures = {visit.picture: checked_picture(visit.picture) for visit in demo.VISITS if visit.picture}
        with encrypted_files.pending(), transaction.atomic():
            with system():
                if User.objects.exists():
                    raise CommandError("There are people in this database. The demonstration needs an empty one.")
                people = create_people()
            for visit in demo.VISITS:
                play(visit, people, pictures)
        if options["verbosity"]:
            for line in self.sign_ins:
                self.stdout.write(line)


def create_people() -> dict[str, User]:
    """The administrator, the doctors, the patients with their charts, by e-mail address."""
    password = make_password(demo.PASSWORD)  # once: hashing is slow on purpose
    people = {
        person.email: User(
            email=person.email,
            password=password,
            first_name=person.first_name,
            last_name=person.last_name,
            role=person.role,
            date_of_birth=person.born,
            specialization=person.specialization,
            licence_number=person.licence,
            on_duty=person.on_duty,
            email_verified=True,
        )
        for person in (demo.ADMINISTRATOR, *demo.DOCTORS, *demo.PATIENTS)
    }
    for user in people.values():
        user.save(force_insert=True)
    for doctor in demo.DOCTORS:
        if doctor.approved:
            people[doctor.email].approve(by=people[demo.ADMINISTRATOR.email])
    for patient in demo.PATIENTS:
        create_chart(people[patient.email], patient.sex, demo.CHARTS.get(patient.email))
    return people


def create_chart(patient: User, sex: str | None, chart: demo.Chart | None) -> None:
    """What the clinic knew before; without a chart only the sex is known."""
    no_known_allergies = chart is not None and chart.no_known_allergies
    MedicalInfo.objects.create(
        patient=patient,
        sex=sex,
        no_known_allergies_on=timezone.localdate() - timedelta(days=60) if no_known_allergies else None,
    )
    if chart is None:
        return
    entry = {"patient": patient, "source": Source.PATIENT, "recorded_by": patient}
    for allergen, reaction, severity in chart.allergies:
        Allergy.objects.create(
            allergen=allergen,
            reaction=reaction or None,
            severity=severity,
            certainty=Allergy.Certainty.CONFIRMED,
            **entry,
        )
    for name, dosage, frequency in chart.medicines:
        Medication.objects.create(medication_name=name, dosage=dosage, frequency=frequency, **entry)
    for condition, code, diagnosed_on in chart.conditions:
        MedicalHistory.objects.create(condition=condition, icd10_code=code, diagnosed_on=diagnosed_on, **entry)
    for days_ago, systolic, diastolic, pulse, weight in chart.measured:
        VitalSigns.objects.create(
            measured_at=timezone.now() - timedelta(days=days_ago),
            systolic=systolic,
            diastolic=diastolic,
            pulse=pulse,
            weight_kg=Decimal(weight),
            **entry,
        )


def checked_picture(name: str) -> SimpleUploadedFile:
    """The picture, already asked about: inside a transaction nobody waits for a virus scanner."""
    picture = SimpleUploadedFile(name, drawn_picture(), content_type="image/jpeg")
    try:
        refuse_infected(picture)
    except NotScanned:
        raise CommandError("The virus scanner does not answer. Start it, or unset CLAMAV_SOCKET.") from None
    return picture


def play(visit: demo.Visit, people: dict[str, User], pictures: dict[str, SimpleUploadedFile]) -> None:
    """One consultation: what the patient says, and what a doctor does."""
    patient = people[visit.patient]
    with acting_as(patient):
        conversation = chat.open_consultation(patient)
        if visit.picture:
            attachments.attach(conversation, pictures[visit.picture], by=patient, client_token=uuid.uuid4())
        talk(conversation, visit, patient)
    if visit.claimed_by:
        doctor = people[visit.claimed_by]
        with acting_as(doctor):
            Conversation.objects.visible_to(doctor).get(pk=conversation.pk).claim(by=doctor)
    ago = visit.ago
    if visit.reply:
        # First only the time that the patient waited, then the rest together with the answer.
        move_back(conversation, visit.reply.after)
        answer(conversation, visit.reply, people[visit.reply.doctor], patient)
        ago -= visit.reply.after
    move_back(conversation, ago)


def talk(conversation: Conversation, visit: demo.Visit, patient: User) -> None:
    """Say the complaint, answer each question by its topic, then what comes afterwards."""
    said = 0
    text: str | None = visit.complaint
    while text is not None and said != visit.unfinished_after:
        exchange = chat.say(conversation, text, client_token=uuid.uuid4(), by=patient)
        said += 1
        question = next((reply for reply in exchange.replies if reply.topic not in chat.NOT_QUESTIONS), None)
        text = None if question is None else answer_to(question.topic, visit)
    for line in visit.afterwards:
        chat.say(conversation, line, client_token=uuid.uuid4(), by=patient)


def answer_to(topic: str, visit: demo.Visit) -> str:
    """The answer to a question; one about several things ('ask:fever+cough') is answered by the first that is there."""
    for part in (topic, *topic.removeprefix("ask:").split("+")):
        if part in visit.answers:
            return visit.answers[part]
    return demo.USUAL_ANSWERS.get(topic, "No")


def answer(conversation: Conversation, reply: demo.Reply, doctor: User, patient: User) -> None:
    """The doctor answers and prescribes; the patient reads it, perhaps."""
    with acting_as(doctor):
        case = Conversation.objects.visible_to(doctor).select_related("patient").get(pk=conversation.pk)
        respond(
            case,
            Answer(
                diagnosis=reply.diagnosis,
                recommendations=reply.recommendations,
                referrals=reply.referrals,
                icd10_code=reply.icd10_code,
                private_note=reply.private_note,
            ),
            [proposal(medicine) for medicine in reply.medicines],
            by=doctor,
        )
        if reply.is_closed:
            case.close(by=doctor)
    if reply.is_read:
        with acting_as(patient):
            Conversation.objects.visible_to(patient).get(pk=conversation.pk).mark_read(by=patient)


def proposal(medicine: demo.Medicine) -> Proposal:
    """A prescription as the doctor's form gives it."""
    return Proposal(
        medication_name=medicine.name,
        dose=medicine.dose,
        route="by mouth",
        frequency=medicine.frequency,
        duration=medicine.duration,
        quantity=Decimal(medicine.quantity),
        quantity_unit=medicine.unit,
        refills=medicine.refills,
        expires_on=timezone.localdate() + timedelta(days=medicine.valid_days),
        instructions=medicine.instructions,
        acknowledged=True,
    )


# The times of a consultation, moved back together so that the demonstration has a past.
_TIMES: dict[type[models.Model], tuple[str, ...]] = {
    Message: ("created_at", "sent_at"),
    Symptom: ("created_at",),
    RedFlag: ("created_at",),
    Attachment: ("created_at", "uploaded_at"),
    Prescription: ("created_at", "issued_at", "issued_on", "expires_on"),
    IssuedSheet: ("created_at", "issued_on"),
}
_OF_CONVERSATION = (
    "created_at", "submitted_at", "intake_ended_at", "claimed_at", "responded_at", "closed_at",
)  # fmt: skip


def move_back(conversation: Conversation, by: timedelta) -> None:
    """Move the times of a consultation and of everything that belongs to it into the past."""
    with system(), times_are_free():
        _move(Conversation.objects.filter(pk=conversation.pk), _OF_CONVERSATION, by)
        for model, names in _TIMES.items():
            _move(model._default_manager.filter(conversation=conversation), names, by)
        _move(CareRelation.objects.filter(case_id=conversation.pk), ("created_at", "valid_from", "valid_until"), by)


def _move(rows: models.QuerySet[Any], names: tuple[str, ...], by: timedelta) -> None:
    for row in rows.values("pk", *names):
        pk = row.pop("pk")
        # A date moves by whole days, as subtracting a timedelta from it does.
        rows.model._default_manager.filter(pk=pk).update(
            **{name: at - by for name, at in row.items() if at is not None}
        )


@contextmanager
def times_are_free() -> Iterator[None]:
    """For the rest of the block the database does not keep ``created_at`` itself."""
    names = [
        trigger.get_pgid(model)
        for model, trigger in pgtrigger.registered()
        if trigger.name == "stamp_times" and model in {Conversation, CareRelation, *_TIMES}
    ]
    setting = "SELECT set_config('pgtrigger.ignore', %s, true)"
    with connection.cursor() as cursor:
        cursor.execute(setting, ["{" + ",".join(names) + "}"])
        yield
        cursor.execute(setting, ["{}"])


def drawn_picture() -> bytes:
    """A drawing of reddish patches, in place of a photograph of somebody."""
    picture = Image.new("RGB", (640, 420), "#e3bda0")
    pen = ImageDraw.Draw(picture)
    for x, y, radius in ((180, 160, 34), (260, 210, 24), (330, 150, 40), (400, 240, 28), (300, 290, 20)):
        pen.ellipse((x - radius, y - radius // 2, x + radius, y + radius // 2), fill="#c96f5c", outline="#b95848")
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=85)
    return out.getvalue()
