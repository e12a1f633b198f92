"""What people fill in about a conversation."""

from django import forms


class ReleaseForm(forms.Form):
    """Why a doctor gives a case back."""

    reason = forms.CharField(label="Reason", max_length=500, error_messages={"required": "Say why."})
