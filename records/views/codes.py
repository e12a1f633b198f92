"""Looking for a code of ICD-10-CM. The table belongs to no patient."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.access import staff_required
from records.forms.codes import LONGEST, choices_for
from records.models.codes import Icd10Code, loaded_release


@require_safe
@staff_required
def codes(request: HttpRequest) -> HttpResponse:
    """The codes that fit: as a page, or as choices below a line of a form that ``field`` names."""
    field = request.GET.get("field", "")
    phrase = request.GET.get(field or "q", "").replace("\0", "").strip()[:LONGEST]
    found = Icd10Code.objects.like(phrase) if phrase else []
    context = {"name": field, "phrase": phrase, "choices": choices_for(found, phrase)}
    if field:
        return render(request, "records/_codes.html", context | {"is_live": True})
    return render(request, "records/codes.html", context | {"release": loaded_release()})
