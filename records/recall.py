"""Whom a recall reaches: entries of exactly this name, or of this code or group of codes, that hold as far as known."""

from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.models import User
from records.kinds import Kind
from records.models import Allergy, CodeGroup, Icd10Code

RECALLED = ("allergies", "medicines", "conditions")


def affected(user: User, kind: Kind, name: str) -> "QuerySet[Any]":
    """Standing entries of this name that still hold; what nobody knows counts as holding.

    Conditions are found by a code of ICD-10-CM, or a group of them ('J45', 'E08-E13'), too.
    """
    entries = kind.model.objects.visible_to(user).standing()
    if kind.slug == "conditions" and (group := CodeGroup.read(name)):
        return with_code(entries, group)
    named: QuerySet[Any] = entries.named(name)
    if kind.slug == "allergies":
        return named.exclude(certainty=Allergy.Certainty.REFUTED)
    if kind.slug == "medicines":
        over = Q(is_active=False) | Q(ended_on__lt=timezone.localdate())
        return named.exclude(over)
    return named


def with_code(entries: "QuerySet[Any]", group: CodeGroup) -> "QuerySet[Any]":
    """Conditions with a code of the group.

    Compared with given values: under row-level security PostgreSQL uses an index for nothing else.
    """
    if group.last:
        categories = Icd10Code.objects.categories_of(group) or [group.first, group.last]
        return entries.filter(icd10_category__in=categories)
    if len(group.first) == 3:
        return entries.filter(icd10_category=group.first)
    # The category finds them in the index, the beginning of the code picks among them.
    return entries.filter(icd10_category=group.first[:3], icd10_code__startswith=group.first)
