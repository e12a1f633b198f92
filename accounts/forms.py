"""What people type about their account, and the sentences they read when something is missing or wrong."""

from datetime import date
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.models import Sex, User, normalise_email

if TYPE_CHECKING:
    UserModelForm = forms.ModelForm[User]
else:
    UserModelForm = forms.ModelForm

EARLIEST_BIRTH = date(1880, 1, 2)
PASSWORD_AGAIN = "For safety the password was not kept. Please enter it again."  # noqa: S105 - a sentence  # nosec B105


class EmailAddressField(forms.EmailField):
    """An e-mail address in the form in which addresses are stored."""

    def __init__(self, *, label: str = "E-mail address", autocomplete: str = "email", **options: Any) -> None:
        widget = forms.EmailInput(
            attrs={"autocomplete": autocomplete, "inputmode": "email", "spellcheck": "false", "autocapitalize": "none"}
        )
        super().__init__(
            label=label,
            max_length=255,
            widget=widget,
            error_messages={
                "required": "Enter your e-mail address.",
                "invalid": "Enter an e-mail address like name@example.org.",
                "max_length": "An e-mail address has at most 255 characters.",
            },
            **options,
        )

    def clean(self, value: Any) -> str:
        """Trimmed and in lower case."""
        return normalise_email(super().clean(value))


class PasswordField(forms.CharField):
    """A password; ``new`` for one that is being chosen. What was typed is never sent back."""

    def __init__(self, *, label: str = "Password", new: bool = False, **options: Any) -> None:
        attributes = {"autocomplete": "new-password" if new else "current-password"}
        if new:
            options["help_text"] = " ".join(password_validation.password_validators_help_texts()[:2])
        super().__init__(
            label=label,
            max_length=1000,
            strip=False,
            widget=forms.PasswordInput(attrs=attributes),
            error_messages={"required": "Enter a password." if new else "Enter your password."},
            **options,
        )


class SignInForm(forms.Form):
    """E-mail address and password."""

    email = EmailAddressField(autocomplete="username")
    password = PasswordField()


class CodeField(forms.CharField):
    """A code of an authenticator app, typed or filled in by a password manager."""

    def __init__(self, *, label: str = "Code", **options: Any) -> None:
        attributes = {"autocomplete": "one-time-code", "inputmode": "numeric", "class": "input--code"}
        super().__init__(
            label=label,
            max_length=20,
            widget=forms.TextInput(attrs={**attributes, "spellcheck": "false"}),
            error_messages={"required": "Enter the six figures that the app shows.", "max_length": WRONG_CODE},
            **options,
        )


WRONG_CODE = "This code is not right, or was used already. Enter the one that the app shows now."


class CodeForm(forms.Form):
    """The second step with the authenticator app."""

    REFUSED = WRONG_CODE
    code = CodeField()


class BackupCodeForm(forms.Form):
    """The second step without it."""

    REFUSED = "This is none of your unused backup codes. Each works once."
    code = forms.CharField(
        label="Backup code",
        max_length=40,
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "spellcheck": "false", "autocapitalize": "none", "id": "id_backup_code"}
        ),
        error_messages={"required": "Enter one of your backup codes, for example 3-ab4k-9xyz."},
    )
    kind = forms.CharField(widget=forms.HiddenInput(attrs={"id": "id_kind"}), initial="backup")


class PersonForm(UserModelForm):
    """Names and date of birth, as every person has them."""

    class Meta:
        model = User
        fields = ["first_name", "last_name"]
        error_messages = {
            "first_name": {
                "required": "Enter your first name.",
                "max_length": "A first name has at most 100 characters here.",
            },
            "last_name": {
                "required": "Enter your last name.",
                "max_length": "A last name has at most 100 characters here.",
            },
        }
        widgets = {
            "first_name": forms.TextInput(attrs={"autocomplete": "given-name"}),
            "last_name": forms.TextInput(attrs={"autocomplete": "family-name"}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("first_name", "last_name"):
            self.fields[name].required = True


def check_date_of_birth(born: date) -> None:
    """The person has been born and is not older than anybody. Raises ValidationError."""
    if born > timezone.localdate():
        raise ValidationError("This date is in the future. Check the year.", code="future")
    if born < EARLIEST_BIRTH:
        raise ValidationError("This date is too long ago. Check the year.", code="past")


class DateOfBirthField(forms.DateField):
    """A day of birth, entered with the browser's own means; the person has been born and is not older than anybody."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            label="Date of birth",
            widget=forms.DateInput(
                format="%Y-%m-%d",
                attrs={"type": "date", "autocomplete": "bday", "min": EARLIEST_BIRTH.isoformat()},
            ),
            error_messages={
                "required": "Enter your date of birth.",
                "invalid": "Enter the date of birth as a date, for example 1990-06-15.",
            },
            **options,
        )

    def clean(self, value: Any) -> date | None:
        """A date from 1880 to today."""
        born: date | None = super().clean(value)
        if born:
            check_date_of_birth(born)
        return born


class RegisterForm(PersonForm):
    """A patient registers."""

    date_of_birth = DateOfBirthField()
    sex = forms.ChoiceField(
        label="Sex",
        required=False,
        choices=[("", "Not said"), *Sex.choices],
        help_text="It helps to ask the right questions. You can say it later.",
        error_messages={"invalid_choice": "Choose one of the answers in the list."},
    )
    email = EmailAddressField()
    password = PasswordField(new=True)

    field_order = ["first_name", "last_name", "date_of_birth", "sex", "email", "password"]

    class Meta(PersonForm.Meta):
        fields = ["first_name", "last_name", "date_of_birth", "email"]

    def clean(self) -> dict[str, Any]:
        """Check the password against what else was typed."""
        cleaned = super().clean() or self.cleaned_data
        password = cleaned.get("password")
        if password:
            person = User(**{name: cleaned.get(name) or "" for name in ("first_name", "last_name", "email")})
            try:
                password_validation.validate_password(password, person)
            except ValidationError as error:
                self.add_error("password", error)
        if self.errors and "password" not in self.errors:
            self.add_error("password", PASSWORD_AGAIN)
        return cleaned


class RegisterDoctorForm(RegisterForm):
    """A doctor registers and waits for approval."""

    date_of_birth = None  # type: ignore[assignment]  # Django's way of leaving an inherited field out
    sex = None  # type: ignore[assignment]  # as above

    field_order = ["first_name", "last_name", "specialization", "licence_number", "email", "password"]

    class Meta(RegisterForm.Meta):
        fields = ["first_name", "last_name", "specialization", "licence_number", "email"]
        error_messages = {
            **PersonForm.Meta.error_messages,
            "specialization": {"required": "Enter your specialization, for example General practice."},
            "licence_number": {"required": "Enter the number of your licence to practise."},
        }
        help_texts = {"licence_number": "An administrator checks it before you can see patients' data."}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("specialization", "licence_number"):
            self.fields[name].required = True


class ResetRequestForm(forms.Form):
    """Where to send the link for a new password."""

    email = EmailAddressField(autocomplete="username")


class NewPasswordForm(forms.Form):
    """A new password for this person."""

    new_password = PasswordField(label="New password", new=True)

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_new_password(self) -> str:
        """Long enough and not easily guessed."""
        password: str = self.cleaned_data["new_password"]
        password_validation.validate_password(password, self.user)
        return password


class OwnPasswordMixin(forms.Form):
    """Asks for the present password before something important changes."""

    password = PasswordField(label="Your present password")
    user: User

    def clean_password(self) -> str:
        """It must be right."""
        password: str = self.cleaned_data["password"]
        if not self.user.check_password(password):
            raise ValidationError("This is not your present password.", code="wrong_password")
        return password


class PasswordChangeForm(OwnPasswordMixin, NewPasswordForm):
    """Change the password, knowing the present one."""

    field_order = ["password", "new_password"]


class SetUpForm(forms.Form):
    """The first code of an authenticator app that is being set up, right after the password."""

    code = CodeField(label="Code that the app shows now")


class OwnSetUpForm(OwnPasswordMixin, SetUpForm):
    """The same for somebody who is signed in."""

    field_order = ["code", "password"]

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user


class ReplaceAppForm(OwnSetUpForm):
    """The same for somebody who has an app already: it, or a backup code, is asked for once more."""

    present_code = forms.CharField(
        label="Code of your present app, or a backup code",
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "autocapitalize": "none"}),
        error_messages={"required": "Enter the code that your present app shows, or one of your backup codes."},
    )

    field_order = ["code", "present_code", "password"]


class ProofForm(OwnPasswordMixin):
    """Password and code once more, before the second step is changed."""

    present_code = ReplaceAppForm.base_fields["present_code"]

    field_order = ["password", "present_code"]

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user


class EmailChangeForm(OwnPasswordMixin):
    """Use another e-mail address; it is confirmed by a link that is sent there."""

    email = EmailAddressField(label="New e-mail address")

    field_order = ["email", "password"]

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_email(self) -> str:
        """Another one than now."""
        email: str = self.cleaned_data["email"]
        if email == self.user.email:
            raise ValidationError("This is your address already.", code="unchanged")
        return email


class ProfileForm(PersonForm):
    """What people keep up to date about themselves."""

    phone = forms.CharField(
        label="Telephone",
        required=False,
        max_length=50,
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel"}),
        error_messages={"max_length": "A telephone number has at most 50 characters here."},
    )
    date_of_birth = DateOfBirthField(required=False)

    field_order = ["first_name", "last_name", "date_of_birth", "phone"]

    class Meta(PersonForm.Meta):
        fields = ["first_name", "last_name", "date_of_birth", "phone"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # A patient is identified by it, so it cannot be taken away once it is known.
        if self.instance.is_patient and self.instance.date_of_birth:
            self.fields["date_of_birth"].required = True

    def clean_phone(self) -> str | None:
        """Nothing typed means unknown."""
        return self.cleaned_data["phone"].strip() or None


class PhotoForm(forms.Form):
    """A photo of oneself. What is in it is checked by ``photos.keep``."""

    photo = forms.FileField(
        label="Choose a photo",
        help_text="JPEG, PNG or WebP, 5 MB at most. Your doctors see it, to know who you are.",
        error_messages={"required": "Choose a photo first."},
        widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png,image/webp"}),
    )
