"""Accounts from the previous system that need an administrator: which they are, and the filter that lists them."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db.models import Count, Q, QuerySet
from django.db.models.functions import Lower, Trim
from django.http import HttpRequest

from accounts.models import Role, User
from accounts.placeholder import DOMAIN

NO_ADDRESS = Q(email__endswith=f"@{DOMAIN}") | ~Q(email__contains="@")


def without_address(people: QuerySet[User]) -> QuerySet[User]:
    """Their address was missing, no address, or somebody else's."""
    return people.filter(NO_ADDRESS, legacy_id__isnull=False)


def without_sign_in(people: QuerySet[User]) -> QuerySet[User]:
    """Active, but without a password that can be used or an address to type."""
    cannot = Q(password__startswith=UNUSABLE_PASSWORD_PREFIX) | NO_ADDRESS
    return people.filter(cannot, legacy_id__isnull=False, is_active=True)


def inactive(people: QuerySet[User]) -> QuerySet[User]:
    """Deactivated in the previous system, or with a role that nobody knows."""
    return people.filter(legacy_id__isnull=False, is_active=False)


def sharing_licence(people: QuerySet[User]) -> QuerySet[User]:
    """Doctors of whom another has the same licence number."""
    licence = Lower(Trim("licence_number"))
    doctors = User.objects.filter(role=Role.DOCTOR, licence_number__isnull=False).order_by()
    shared = doctors.values(licence=licence).annotate(number=Count("pk")).filter(number__gt=1).values("licence")
    return people.alias(licence=licence).filter(role=Role.DOCTOR, legacy_id__isnull=False, licence__in=shared)


def without_name(people: QuerySet[User]) -> QuerySet[User]:
    """First or last name is unknown."""
    return people.filter(Q(first_name="") | Q(last_name=""), legacy_id__isnull=False)


def everybody(people: QuerySet[User]) -> QuerySet[User]:
    """Whoever came from the previous system."""
    return people.filter(legacy_id__isnull=False)


CHOICES: dict[str, tuple[str, Callable[[QuerySet[User]], QuerySet[User]]]] = {
    "no_sign_in": ("Cannot sign in", without_sign_in),
    "no_address": ("No address of their own", without_address),
    "licence": ("Same licence as another doctor", sharing_licence),
    "no_name": ("Name unknown", without_name),
    "inactive": ("Deactivated", inactive),
    "all": ("All", everybody),
}


class Imported(admin.SimpleListFilter):
    """People from the previous system, by what they need."""

    title = "previous system"
    parameter_name = "imported"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """What may be wrong."""
        return [(name, title) for name, (title, _) in CHOICES.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> QuerySet[User]:
        """These people."""
        chosen = CHOICES.get(self.value() or "")
        return chosen[1](queryset) if chosen else queryset
