"""What people fill in about a conversation: a message, a file, a reason."""

import unicodedata
import uuid
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import ProhibitNullCharactersValidator

from conversations.attachments import MOST_FILES
from conversations.file_types import EXTENSIONS, WHAT_IS_ACCEPTED

_KEPT_CONTROLS = {"\n", "\t"}


def refuse_control_characters(text: str) -> None:
    """NUL and other characters that cannot be seen have no meaning in a message and harm what reads it later."""
    if any(unicodedata.category(letter) in {"Cc", "Cs"} and letter not in _KEPT_CONTROLS for letter in text):
        raise ValidationError(
            "Your message contains a character that cannot be shown. It often comes from copying out of another "
            "program: delete it, or type the words again.",
            code="control_character",
        )


class MessageText(forms.CharField):
    """The text of a message: line ends in one form, no control characters, a limit that says how to go on."""

    default_validators = [refuse_control_characters]

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        # Django's own sentence about NUL speaks to programmers; the validator above covers it.
        self.validators = [check for check in self.validators if not isinstance(check, ProhibitNullCharactersValidator)]

    def to_python(self, value: Any) -> str:
        """CR LF, as browsers send line ends, and lone CR become LF."""
        text = super().to_python(value) or ""
        return text.replace("\r\n", "\n").replace("\r", "\n")

    def validate(self, value: Any) -> None:
        """Too long is said with the length, so that one knows how much to cut."""
        super().validate(value)
        if len(value) > settings.MESSAGE_MAX_CHARACTERS:
            raise ValidationError(
                f"This message has {len(value):,} characters, and {settings.MESSAGE_MAX_CHARACTERS:,} fit into one. "
                "Shorten it, or send it in parts.",
                code="max_length",
            )


class MessageForm(forms.Form):
    """What the patient says: words, a quick answer, or both ('Yes' and what belongs to it).

    ``client_token`` is made when the form is shown: the same form sent twice stores one message.
    """

    text = MessageText(
        label="Your answer",
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, "autocomplete": "off", "enterkeyhint": "send"}),
    )
    answer = MessageText(required=False, widget=forms.HiddenInput)
    client_token = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)

    def clean(self) -> dict[str, Any]:
        """Join the quick answer with what was typed; one of them is needed."""
        cleaned = super().clean() or self.cleaned_data
        if "text" in self.errors or "answer" in self.errors:
            return cleaned
        answer, typed = cleaned.get("answer", ""), cleaned.get("text", "")
        cleaned["message"] = f"{answer}. {typed}" if answer and typed else answer or typed
        if not cleaned["message"]:
            self.add_error("text", ValidationError("Write your answer first.", code="required"))
        elif len(cleaned["message"]) > settings.MESSAGE_MAX_CHARACTERS:
            self.add_error("text", ValidationError("Shorten your message a little.", code="max_length"))
        return cleaned


class AttachmentForm(forms.Form):
    """A file for the doctor. What is in it is checked by ``attachments.attach``."""

    # The file stands in one form with the message: a browser that insists on a file would send no message.
    use_required_attribute = False

    file = forms.FileField(
        label="Add a picture or document",
        help_text=f"{WHAT_IS_ACCEPTED}, up to {settings.ATTACHMENT_MAX_BYTES // 1_048_576} MB each and "
        f"{MOST_FILES} in all.",
        # An empty file gets the same explanation as other files that cannot be read.
        allow_empty_file=True,
        max_length=None,
        error_messages={"required": "Choose a file first.", "missing": "Choose a file first."},
        widget=forms.ClearableFileInput(attrs={"accept": ",".join(EXTENSIONS)}),
    )
    client_token = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)


class ReleaseForm(forms.Form):
    """Why a doctor gives a case back."""

    reason = forms.CharField(label="Reason", max_length=500, error_messages={"required": "Say why."})
