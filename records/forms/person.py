"""What the chart knows of the person: body and habits, pharmacy and insurance, whom to call."""

from typing import Any, ClassVar

from django import forms

from medichat.measures import centimetres, kilograms
from records.forms.fields import MeasureField, ModelForm, PhoneField, name_empty_choice
from records.models import EmergencyContact, MedicalInfo


class PersonForm(ModelForm):
    """A form about a row of the person; only what was changed is saved."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        for field in self.fields.values():
            name_empty_choice(field, "Not said")
            if isinstance(field, forms.CharField) and isinstance(field.widget, forms.Textarea):
                # Encrypted columns are text without a limit; these are single lines for a person.
                field.widget = forms.TextInput(attrs={"maxlength": "200"})
                field.max_length = 200
                field.validators = [forms.CharField(max_length=200).validators[0], *field.validators]
            field.widget.attrs.setdefault("autocomplete", "off")

    def changed_columns(self) -> list[str]:
        """The names of the columns to save."""
        return list(self.changed_data)


class AboutForm(PersonForm):
    """Body and habits."""

    height_cm = MeasureField(
        label="Height (cm)", unit="cm", read=centimetres, lowest=20, highest=280, example="172, 1.72 m or 5 ft 8 in"
    )
    weight_kg = MeasureField(
        label="Weight (kg)", unit="kg", read=kilograms, lowest=1, highest=700, example="68.5 or 150 lb"
    )

    class Meta:
        model = MedicalInfo
        fields: ClassVar[list[str]] = [
            "sex", "height_cm", "weight_kg", "blood_type", "smoking", "alcohol", "exercise", "preferred_language"
        ]  # fmt: skip
        labels: ClassVar[dict[str, str]] = {"exercise": "Exercise in a week"}

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        blood = self.fields["blood_type"]
        assert isinstance(blood, forms.TypedChoiceField)
        blood.choices = [("", "Not known"), *((kind, kind) for kind in MedicalInfo.BloodType.values)]

    def changed_columns(self) -> list[str]:
        """A new figure replaces the words that an earlier system kept."""
        columns = super().changed_columns()
        for column, words in (("height_cm", "height_text"), ("weight_kg", "weight_text")):
            if column in columns and getattr(self.instance, words):
                setattr(self.instance, words, None)
                columns.append(words)
        return columns


class ServicesForm(PersonForm):
    """Regular doctor, pharmacy, insurance."""

    pharmacy_phone = PhoneField(label="Telephone of the pharmacy")

    class Meta:
        model = MedicalInfo
        fields: ClassVar[list[str]] = [
            "primary_physician",
            "pharmacy_name",
            "pharmacy_phone",
            "insurance_provider",
            "insurance_policy_number",
            "insurance_group_number",
        ]
        labels: ClassVar[dict[str, str]] = {
            "primary_physician": "Family doctor",
            "pharmacy_name": "Pharmacy",
            "insurance_provider": "Health insurance",
            "insurance_policy_number": "Policy number",
            "insurance_group_number": "Group number",
        }


class ContactForm(PersonForm):
    """Somebody to call."""

    name = forms.CharField(label="Name", max_length=200, error_messages={"required": "Say who it is."})
    phone = PhoneField(label="Telephone")
    email = forms.EmailField(
        label="E-mail",
        required=False,
        max_length=255,
        empty_value=None,  # nothing was said: NULL in the column
        error_messages={"invalid": "Write an e-mail address like name@example.org."},
    )

    class Meta:
        model = EmergencyContact
        fields: ClassVar[list[str]] = ["name", "relationship", "phone", "email"]
        labels: ClassVar[dict[str, str]] = {"relationship": "Who is it to the patient?"}
        help_texts: ClassVar[dict[str, str]] = {"relationship": "For example wife, son or neighbour."}

    def clean(self) -> dict[str, Any]:
        """Somebody who cannot be reached is no emergency contact."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors and not cleaned.get("phone") and not cleaned.get("email"):
            self.add_error("phone", "Give a telephone number or an e-mail address.")
        return cleaned
