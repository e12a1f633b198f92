"""The field for a code of ICD-10-CM: written, or looked for by words and chosen."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from records.models.codes import Icd10Code, code_exists, with_point

_FORM_OF_A_CODE = re.compile(r"[A-Z]\d[0-9A-Z](\.[0-9A-Z]{1,4})?")
LONGEST = 100


class CodeInput(forms.TextInput):
    """A line for a code or words, and below it the codes that fit, to choose from.

    With JavaScript they appear while one types (from the page ``records:codes``), without it when the form is sent.
    """

    found: Sequence[Icd10Code] = ()

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        """The line and the choices."""
        live = {
            "hx-get": f"{reverse('records:codes')}?field={name}",
            "hx-trigger": "input changed delay:200ms",
            "hx-sync": "this:replace",
            "hx-target": f"#{name}-codes",
            "hx-swap": "outerHTML",
            "data-background": "",
        }
        line = super().render(name, value, {**(attrs or {}), **live}, renderer)
        shown = {"name": name, "choices": choices_for(self.found, str(value or ""))}
        return format_html("{}{}", line, render_to_string("records/_codes.html", shown))

    def value_from_datadict(self, data: Mapping[str, Any], files: Any, name: str) -> Any:
        """What was chosen, else what was written."""
        return data.get(f"{name}_choice") or super().value_from_datadict(data, files, name)


class CodeField(forms.CharField):
    """A code of ICD-10-CM, or nothing. Words are no code: then the codes that fit are offered."""

    widget = CodeInput
    kept: str | None = None
    """A code that an earlier entry has, and may keep although the classification does not know it."""

    def __init__(self, *, label: str = "ICD-10-CM code", required: bool = False, help_text: str = "") -> None:
        super().__init__(
            label=label,
            required=required,
            max_length=LONGEST,
            empty_value=None,
            help_text=help_text or "Write a code, or words of the diagnosis and choose: J45, asthma, heart attack.",
        )

    def clean(self, value: Any) -> Any:
        """The code in its usual form, or None. Raises ValidationError for words, and for a code that there is not.

        While no classification is loaded, anything that looks like a code is taken.
        """
        written = super().clean(value)
        if written is None:
            return None
        code = with_point(written)
        is_code = bool(_FORM_OF_A_CODE.fullmatch(code))
        exists = code_exists(code) if is_code else False
        if code == self.kept or (is_code and exists is not False):
            return code
        found = Icd10Code.objects.like(written)
        widget: Any = self.widget
        widget.found = found
        if found:
            raise ValidationError("Choose the code that fits, or leave this empty.", code="choose")
        if is_code:
            raise ValidationError(f"ICD-10-CM has no code {code}.", code="unknown")
        raise ValidationError(
            "No code fits these words. Try others, or leave this empty. A code looks like J45.909.", code="invalid"
        )


def choices_for(codes: Sequence[Icd10Code], phrase: str) -> list[dict[str, Any]]:
    """The codes as a page offers them: each with the name by which it was found, if that is not its title."""
    return [{"code": code, "found_by": code.found_by(phrase)} for code in codes]
