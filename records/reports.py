"""Reports about charts: everybody with an allergy, on a medicine, with a condition."""

from typing import Any

from django import forms

from accounts.models import User
from records.kinds import KINDS
from records.recall import affected
from records.reporting import Column, Listing, report


class NameForm(forms.Form):
    """What is looked for."""

    name = forms.CharField(
        label="Name", max_length=200, help_text="Exactly as on the charts; capitals and blanks do not count."
    )


class ConditionForm(NameForm):
    """A condition by its name, its code or a group of codes."""

    name = forms.CharField(
        label="Code, group of codes or name",
        max_length=200,
        help_text="For example J45 (with everything below), E08-E13, or exactly the name as on the charts.",
    )


def _listing(asker: User, slug: str, name: str) -> Listing:
    kind = KINDS[slug]
    name = " ".join(name.split())
    columns = [Column(heading, text_of) for heading, text_of in kind.columns]
    return Listing(affected(asker, kind, name), columns, caption=f"{kind.title}: {name}")


@report(
    "allergies", "Patients with an allergy", icon="allergy", form=NameForm,
    about="Everybody with exactly this allergy. Refuted ones do not count.",
)  # fmt: skip
def allergies(asker: User, asked: dict[str, Any]) -> Listing:
    """By the allergen."""
    return _listing(asker, "allergies", asked["name"])


@report(
    "medicines", "Patients on a medicine", icon="pill", form=NameForm,
    about="Everybody who takes exactly this medicine as far as known, at any dose. For a recall.",
)  # fmt: skip
def medicines(asker: User, asked: dict[str, Any]) -> Listing:
    """By the medicine."""
    return _listing(asker, "medicines", asked["name"])


@report(
    "conditions", "Patients with a condition", icon="heart", form=ConditionForm,
    about="Everybody with this condition, by its ICD-10-CM code, a group of codes, or its name.",
)  # fmt: skip
def conditions(asker: User, asked: dict[str, Any]) -> Listing:
    """By code, group or name."""
    return _listing(asker, "conditions", asked["name"])
