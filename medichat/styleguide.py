"""Every component on one page with made-up content, for people who build pages (development only)."""

from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe


class SampleForm(forms.Form):
    """One field of each kind."""

    full_name = forms.CharField(label="Full name", help_text="As it is on your identity card.", max_length=60)
    email = forms.EmailField(label="E-mail", widget=forms.EmailInput(attrs={"autocomplete": "email"}))
    born = forms.DateField(label="Date of birth", widget=forms.DateInput(attrs={"type": "date"}))
    sex = forms.ChoiceField(
        choices=[("female", "Female"), ("male", "Male"), ("other", "Other or not said")], widget=forms.RadioSelect
    )
    topics = forms.MultipleChoiceField(
        label="What is it about?",
        choices=[("pain", "Pain"), ("fever", "Fever"), ("skin", "Skin")],
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text="Choose all that fit.",
    )
    clinic = forms.ChoiceField(label="Clinic", choices=[("", "Choose one"), ("a", "Sampletown")])
    story = forms.CharField(label="What happened?", widget=forms.Textarea(attrs={"rows": 3}), required=False)
    photograph = forms.FileField(help_text="JPEG, PNG, PDF or DICOM, 10 MB at most.", required=False)
    consent = forms.BooleanField(label="A doctor may contact me about this consultation")


@require_safe
def styleguide(request: HttpRequest) -> HttpResponse:
    """The page of components; ``?banner=none`` and ``?banner=unasked`` show the other two allergy lines on top."""
    messages.success(request, "The answer was sent to Ana.")
    messages.warning(request, "Two files were too large and were left out.")
    wrong = SampleForm({"w-full_name": "Ana Sample", "w-email": "ana@", "w-topics": ["pain"]}, prefix="w")
    kinds: dict[str, dict[str, Any]] = {
        "known": {"allergies": [_allergy("Penicillin", "Severe"), _allergy("Latex", ""), _allergy("Peanut", "Mild")]},
        "none": {"nka_stated_on": date(2026, 11, 2)},
        "unasked": {},
    }
    banner = {
        "person": SimpleNamespace(first_name="Ana", last_name="Example-Testperson"),
        "born": date(1990, 6, 15),
        "sex": "Female",
        "record_number": "MC-000 123",
        **kinds.get(request.GET.get("banner", "known"), kinds["known"]),
    }
    now = timezone.now()
    return render(
        request,
        "styleguide.html",
        {
            "banner": banner,
            "infant": {**banner, "born": timezone.localdate() - timedelta(days=300), "person": banner["person"]},
            "kinds": kinds,
            "form": SampleForm(),
            "wrong": wrong,
            "now": now,
            "hour_ago": now - timedelta(minutes=130),
            "levels": ["emergency", "urgent", "routine", "self_care", ""],
            "cases": _cases(),
            "parents": [("Queue", "#"), ("Case", "#")],
            "points": ["Sit down and do not drive yourself.", "Unlock the door.", "Keep the telephone with you."],
            "icons": ICONS,
            "scale": range(11),
        },
    )


def _allergy(allergen: str, severity: str) -> SimpleNamespace:
    return SimpleNamespace(allergen=allergen, severity=severity)


def _cases() -> list[SimpleNamespace]:
    chest = "Tight chest since breakfast, now in my left arm"
    fever = "Fever for four days and it hurts to swallow"
    flags = "Chest pain with radiation"
    rows = [
        ("emergency", 4, "Okafor", "Chidi", date(1961, 2, 3), "M", chest, flags, 1, 0),
        ("urgent", 130, "Example", "Ana", date(1990, 6, 15), "F", fever, "", 2, 1),
        ("routine", 47, "Lindqvist", "Maja", date(2019, 9, 1), "F", "Itchy rash on both elbows", "", 1, 3),
        ("self_care", 2890, "O'Brien", "Tomás", date(1984, 12, 30), "M", "Blocked nose", "", 4, 0),
    ]
    names = ("level", "minutes", "last_name", "first_name", "born", "sex", "complaint", "flags", "visit", "files")
    cases = [SimpleNamespace(**dict(zip(names, row, strict=True))) for row in rows]
    for case in cases:
        case.since = timezone.now() - timedelta(minutes=case.minutes)
    return cases


ICONS = [
    "brand",
    "emergency",
    "urgent",
    "routine",
    "self-care",
    "question",
    "warning",
    "info",
    "check",
    "check-circle",
    "cross",
    "blocked",
    "clock",
    "calendar",
    "home",
    "queue",
    "chat",
    "chart",
    "pill",
    "allergy",
    "heart",
    "vitals",
    "syringe",
    "user",
    "users",
    "shield",
    "eye",
    "lock",
    "key",
    "sign-out",
    "sign-in",
    "theme",
    "menu",
    "chevron-down",
    "chevron-left",
    "chevron-right",
    "plus",
    "minus",
    "edit",
    "trash",
    "search",
    "filter",
    "attach",
    "file",
    "image",
    "download",
    "upload",
    "send",
    "phone",
    "mail",
    "print",
    "bell",
    "archive",
    "undo",
    "refresh",
    "history",
    "external",
    "flag",
    "settings",
    "device",
    "doctor",
    "hand",
]
