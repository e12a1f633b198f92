"""A patient's own profile: account, medical information and chart."""

from typing import Annotated, Any, Literal, TypedDict

from django.db.models import QuerySet
from rest_framework.request import Request

from accounts.api.bodies import RoleName, account
from accounts.api.people import PatientView
from accounts.api.photos import PhotoSent, Reader, keep_sent, reader_of
from accounts.models import User
from accounts.signals import viewed
from medichat.api.declaring import Answer, reads_header, refuses, sends_header, takes
from medichat.api.shapes import Day, Id, OneOf, PlainDay, Timestamp
from medichat.api.values import timestamp_or_none
from medichat.api.versions import HEADER, STALE, etag, require_version, version_of
from records.api import bodies, settings_form
from records.api.settings_sent import SettingsSent
from records.models import (
    Allergy,
    ChartEntry,
    EmergencyContact,
    FamilyHistory,
    Immunization,
    MedicalHistory,
    MedicalInfo,
    Medication,
    SurgicalHistory,
)

MOST_ENTRIES = 500


class ProfileBody(TypedDict):
    """The profile. ``allergies`` and ``chronicConditions`` are texts; the entries stand in ``allergyDetails`` and
    ``medicalHistory``."""

    id: Id
    email: str
    role: RoleName
    firstName: str
    lastName: str
    phone: str | None
    dateOfBirth: Day | None
    isActive: bool
    emailVerified: bool
    profilePhoto: str | None
    createdAt: Timestamp | None
    patientMedicalInfo: bodies.InfoBody | None
    allergies: list[str]
    allergyDetails: list[bodies.AllergyBody]
    noKnownAllergiesSince: PlainDay | None
    patientMedications: list[bodies.MedicationBody]
    currentMedications: list[str]
    medicalHistory: list[bodies.HistoryBody]
    chronicConditions: list[str]
    surgicalHistory: list[bodies.SurgeryBody]
    familyHistory: list[bodies.FamilyBody]
    immunizations: list[bodies.ImmunizationBody]
    emergencyContacts: list[bodies.ContactBody]
    gender: Annotated[str, OneOf(MedicalInfo.Sex)] | None
    primaryPhysician: str | None
    pharmacyName: str | None
    pharmacyPhone: str | None
    preferredLanguage: str | None
    smokingStatus: Annotated[str, OneOf(MedicalInfo.Smoking)] | None
    alcoholConsumption: Annotated[str, OneOf(MedicalInfo.Alcohol)] | None
    exerciseFrequency: Annotated[str, OneOf(MedicalInfo.Exercise)] | None


class OwnProfileBody(TypedDict):
    """The answer to reading the profile."""

    status: Literal["success"]
    patient: ProfileBody


class SavedProfileBody(TypedDict):
    """What a client keeps of the person after saving."""

    id: Id
    email: str
    role: RoleName
    firstName: str
    lastName: str
    phone: str | None
    dateOfBirth: Day | None
    profilePhoto: str | None
    isActive: bool
    patientMedicalInfo: bodies.InfoBody | None


class ProfileSavedBody(TypedDict):
    """The answer to saving the profile."""

    status: Literal["success"]
    message: str
    patient: SavedProfileBody


class ProfileView(PatientView):
    """The patient's own profile."""

    says_faults_plainly = True

    @sends_header("ETag", "The version of the profile.")
    def get(self, request: Request) -> Answer[OwnProfileBody]:
        """The whole profile."""
        patient = self.person
        viewed.send(User, by=patient, patient_id=patient.pk, resource_type="chart", resource_id=patient.pk, why="own")
        shown = profile(patient, reader_of(self.session))
        version = etag(_version(shown))
        return Answer(OwnProfileBody(status="success", patient=shown), headers={"ETag": version})

    @reads_header("If-Match", "The `ETag` of the profile that was loaded; without it nothing is compared.")
    @refuses(412, STALE)
    @refuses(428, "There is an `If-Match`, but it names no version.")
    @takes(SettingsSent, PhotoSent)
    def patch(self, request: Request) -> Answer[ProfileSavedBody]:
        """Store what is meant as a change."""
        if HEADER in request.headers:
            MedicalInfo.objects.select_for_update().filter(patient=self.person).first()
            require_version(request, _version(profile(self.person)))
        settings_form.apply(settings_form.read(request.data), self.person)
        keep_sent(request, self.person)
        patient = profile(self.person, reader_of(self.session))
        saved = SavedProfileBody(
            id=patient["id"],
            email=patient["email"],
            role=patient["role"],
            firstName=patient["firstName"],
            lastName=patient["lastName"],
            phone=patient["phone"],
            dateOfBirth=patient["dateOfBirth"],
            profilePhoto=patient["profilePhoto"],
            isActive=patient["isActive"],
            patientMedicalInfo=patient["patientMedicalInfo"],
        )
        return Answer(ProfileSavedBody(status="success", message="Your changes are stored.", patient=saved))


def _version(shown: ProfileBody) -> str:
    """The version of the profile. The photo's link is another one each time."""
    return version_of({**shown, "profilePhoto": None})


def profile(patient: User, reader: Reader | None = None) -> ProfileBody:
    """Everything that the patient's own record holds, as far as the profile shows it."""
    person = account(patient, reader)
    info = MedicalInfo.objects.visible_to(patient).filter(patient=patient).select_related("assigned_doctor").first()
    contacts = list(EmergencyContact.objects.visible_to(patient).filter(patient=patient).order_by("position", "id"))
    allergies = bodies.standing_allergies(_entries(Allergy, patient))
    medicines: list[Medication] = list(_entries(Medication, patient))
    conditions: list[MedicalHistory] = list(_entries(MedicalHistory, patient))
    row = info or MedicalInfo()
    return ProfileBody(
        id=person["id"],
        email=person["email"],
        role=person["role"],
        firstName=person["firstName"],
        lastName=person["lastName"],
        phone=person["phone"],
        dateOfBirth=person["dateOfBirth"],
        isActive=person["isActive"],
        emailVerified=person["emailVerified"],
        profilePhoto=person["profilePhoto"],
        createdAt=timestamp_or_none(patient.created_at),
        patientMedicalInfo=bodies.info(info, contacts[0] if contacts else None),
        allergies=[entry.allergen for entry in allergies],
        allergyDetails=[bodies.allergy(entry) for entry in allergies],
        noKnownAllergiesSince=row.no_known_allergies_on.isoformat() if row.no_known_allergies_on else None,
        patientMedications=[bodies.medication(entry) for entry in medicines],
        currentMedications=bodies.current_texts(medicines),
        medicalHistory=[bodies.history(entry) for entry in conditions],
        chronicConditions=[entry.condition for entry in conditions if entry.is_active is not False],
        surgicalHistory=[bodies.surgery(entry) for entry in _entries(SurgicalHistory, patient)],
        familyHistory=[bodies.family(entry) for entry in _entries(FamilyHistory, patient)],
        immunizations=[bodies.immunization(entry) for entry in _entries(Immunization, patient)],
        emergencyContacts=[bodies.contact(contact) for contact in contacts],
        gender=row.sex,
        primaryPhysician=row.primary_physician,
        pharmacyName=row.pharmacy_name,
        pharmacyPhone=row.pharmacy_phone,
        preferredLanguage=row.preferred_language,
        smokingStatus=row.smoking,
        alcoholConsumption=row.alcohol,
        exerciseFrequency=row.exercise,
    )


def _entries(model: type[ChartEntry], patient: User) -> QuerySet[Any]:
    return model.objects.visible_to(patient).of_patient(patient).standing()[:MOST_ENTRIES]
