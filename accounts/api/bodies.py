"""How people appear in the API's answers."""

from typing import Literal, TypedDict

from accounts.api.photos import Reader, link_to, reader_with
from accounts.models import Role, User
from accounts.tokens import Tokens
from medichat.api.shapes import Day, Id, Seconds
from medichat.api.values import day

RoleName = Literal["patient", "doctor", "admin"]
ROLE_NAMES: dict[str, RoleName] = {Role.PATIENT: "patient", Role.DOCTOR: "doctor", Role.ADMIN: "admin"}


class AccountBody(TypedDict):
    """A person's own account."""

    id: Id
    email: str
    role: RoleName
    firstName: str
    lastName: str
    phone: str | None
    dateOfBirth: Day | None
    specialization: str | None
    licenseNumber: str | None
    isActive: bool
    emailVerified: bool
    profilePhoto: str | None


class SignedInBody(TypedDict):
    """What a client gets when somebody has signed in. ``token`` is the access token; ``expiresIn`` is in seconds."""

    status: Literal["success"]
    message: str
    token: str
    refreshToken: str
    expiresIn: Seconds
    user: AccountBody


class TokensBody(TypedDict):
    """A fresh pair of tokens."""

    status: Literal["success"]
    token: str
    refreshToken: str
    expiresIn: Seconds


class OwnAccountBody(TypedDict):
    """Whose token it is."""

    status: Literal["success"]
    user: AccountBody


class DoneBody(TypedDict):
    """Something was done."""

    status: Literal["success"]
    message: str


class DoctorBody(TypedDict):
    """A doctor as patients and colleagues see them."""

    id: Id
    firstName: str
    lastName: str
    specialization: str | None


class PatientBriefBody(TypedDict):
    """A patient in few words."""

    id: Id
    firstName: str
    lastName: str
    email: str


def account(user: User, reader: Reader | None = None) -> AccountBody:
    """The person's own account; the photo's link is for this reader."""
    return AccountBody(
        id=str(user.pk),
        email=user.email,
        role=ROLE_NAMES[user.role],
        firstName=user.first_name,
        lastName=user.last_name,
        phone=user.phone,
        dateOfBirth=day(user.date_of_birth),
        specialization=user.specialization,
        licenseNumber=user.licence_number,
        isActive=user.is_active,
        emailVerified=user.email_verified,
        profilePhoto=link_to(user, reader),
    )


def signed_in(user: User, tokens: Tokens, message: str) -> SignedInBody:
    """Tokens and account."""
    return SignedInBody(
        status="success",
        message=message,
        token=tokens.access,
        refreshToken=tokens.refresh,
        expiresIn=tokens.expires_in,
        user=account(user, reader_with(user, tokens.access)),
    )


def done(message: str) -> DoneBody:
    """The answer of an act that has nothing else to say."""
    return DoneBody(status="success", message=message)


def doctor(user: User | None) -> DoctorBody | None:
    """A doctor without address and telephone; null where none is known."""
    if user is None:
        return None
    return DoctorBody(
        id=str(user.pk), firstName=user.first_name, lastName=user.last_name, specialization=user.specialization
    )


def patient_brief(user: User, *, with_address: bool = True) -> PatientBriefBody:
    """A patient in few words; the address is left empty for who does not need to write to them."""
    return PatientBriefBody(
        id=str(user.pk),
        firstName=user.first_name,
        lastName=user.last_name,
        email=user.email if with_address else "",
    )
