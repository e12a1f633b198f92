"""What people type about their account, and the sentences they read when something is missing."""

from django import forms

EMAIL = forms.EmailInput(attrs={"autocomplete": "username", "inputmode": "email", "spellcheck": "false"})


class SignInForm(forms.Form):
    """E-mail address and password."""

    email = forms.EmailField(
        label="E-mail address",
        max_length=255,
        widget=EMAIL,
        error_messages={
            "required": "Enter your e-mail address.",
            "invalid": "Enter an e-mail address like name@example.org.",
        },
    )
    password = forms.CharField(
        label="Password",
        max_length=1000,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        error_messages={"required": "Enter your password."},
    )
