"""Somebody has lost their authenticator app and the backup codes: an administrator gives them a new start."""

from django import forms

from accounts import mail, second_factor
from accounts.models import User
from accounts.passwords import end_sessions
from accounts.second_factor import Loss


class RecoveryForm(forms.Form):
    """What is asked of the administrator; both answers are kept."""

    reason = forms.ChoiceField(
        label="What happened",
        choices=[("", "Choose"), *Loss.choices],
        error_messages={"required": "Choose what happened."},
    )
    made_sure = forms.CharField(
        label="How did you make sure that it is this person?",
        help_text="For example: came to the clinic with the passport, or called back at the number in the file. "
        "A request by e-mail is not enough: whoever has stolen the mailbox would ask the same.",
        min_length=10,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={
            "required": "Say how you made sure. Without that, anybody could ask.",
            "min_length": "Say it in a few more words, so that it can be understood later.",
        },
    )


def recover(user: User, *, by: User | None, reason: str) -> None:
    """Take the second factor away and end every session; at the next sign-in it is set up again.

    ``by`` None is an operator at the command line. Raises ValueError as ``second_factor.clear`` does.
    """
    second_factor.clear(user, by=by, reason=reason)
    end_sessions(user, reason="second step cleared")
    mail.write(
        "second_factor",
        user.email,
        person=user,
        what="An administrator has cleared it. You can set it up again after the next sign-in.",
        reset=mail.address_of("accounts:password_reset"),
    )
