"""Finding patients by words, and recall: all patients with an allergy, on a medicine or with a condition."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.access import person, staff_required
from accounts.models import User
from accounts.signals import list_viewed
from medichat.paging import page_of
from records.kinds import KINDS
from records.models import Allergy, ChartEntry, MedicalInfo, WordKind, patients_like
from records.people import Banner, banner_of, patients_visible_to
from records.recall import RECALLED, affected

LONGEST = 200


@require_safe
@staff_required
def patients(request: HttpRequest) -> HttpResponse:
    """The patients whom this person may see, those that all the words fit when words are given."""
    user = person(request)
    phrase = request.GET.get("q", "").strip()[:LONGEST]
    found = patients_visible_to(user)
    if phrase:
        found = found.filter(_fits(user, phrase))
    page = page_of(request, found, "last_name", "first_name", "pk")
    _tell(user, "patients", page.rows)
    context = {"page": page, "phrase": phrase, "rows": _banners(user, page.rows)}
    return render(request, "records/patients.html", context)


@require_safe
@staff_required
def recall(request: HttpRequest) -> HttpResponse:
    """Everybody who has exactly this allergy, takes this medicine or has this condition, as far as one may see."""
    user = person(request)
    kind = KINDS.get(request.GET.get("kind", ""), KINDS["allergies"])
    name = " ".join(request.GET.get("name", "").split())[:LONGEST]
    kinds = [KINDS[slug] for slug in RECALLED]
    context: dict[str, Any] = {"kinds": kinds, "kind": kind if kind in kinds else kinds[0], "name": name}
    if name:
        entries = affected(user, context["kind"], name).select_related("patient")
        page = page_of(request, entries, "patient__last_name", "patient__first_name", "pk")
        cells = context["kind"].columns
        context["page"] = page
        context["headings"] = [heading for heading, _text_of in cells]
        context["rows"] = [
            {
                "entry": entry,
                "patient": entry.patient,
                "cells": [(heading, text_of(entry)) for heading, text_of in cells],
            }
            for entry in page.rows
        ]
        _tell(user, "recall", [entry.patient for entry in page.rows])
    return render(request, "records/recall.html", context)


def _fits(user: User, phrase: str) -> Q:
    """Every word is a name, an allergen, a medicine or a condition of the patient; or the phrase is their number."""
    condition = patients_like(user, phrase, *WordKind, column="pk") or Q(pk__in=[])
    if phrase.isdecimal():
        condition |= Q(record_number=int(phrase[:18]))
    return condition


def _banners(user: User, people: list[User]) -> list[Banner]:
    """What a list shows of each patient, in two statements for the whole page."""
    ids = [patient.pk for patient in people]
    infos = {info.patient_id: info for info in MedicalInfo.objects.visible_to(user).filter(patient__in=ids)}
    allergies: dict[Any, list[Allergy]] = defaultdict(list)
    standing: Iterable[Allergy] = Allergy.objects.visible_to(user).standing().filter(patient__in=ids)
    for allergy in standing:
        allergies[allergy.patient_id].append(allergy)
    return [banner_of(patient, info=infos.get(patient.pk), allergies=allergies[patient.pk]) for patient in people]


def _tell(user: User, what: str, people: Iterable[User]) -> None:
    """Put on record that a list was looked at, for each of the patients in it."""
    why = "administration" if user.is_administrator else "care"
    patients = {patient.pk for patient in people}
    list_viewed.send(ChartEntry, by=user, patient_ids=patients, resource_type=what, why=why)
