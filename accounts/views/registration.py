"""Registering as a patient or as a doctor.

The answer is the same whether or not the address has an account already: its owner is told by e-mail, nobody else is.
"""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_safe

from accounts import registering
from accounts.forms import RegisterDoctorForm, RegisterForm
from accounts.models import Role
from accounts.throttle import REGISTER, Attempt, Refusal, throttled, typed_email


def _too_many(form_class: type[RegisterForm], template: str) -> Refusal:
    def refusal(request: HttpRequest, attempt: Attempt) -> HttpResponse:
        typed = form_class(initial=request.POST.dict())
        return render(request, template, {"form": typed, "wait": attempt.wait_in_words}, status=429)

    return refusal


@sensitive_post_parameters("password")
@never_cache
@throttled(REGISTER, account=typed_email, refusal=_too_many(RegisterForm, "accounts/register.html"))
def register(request: HttpRequest) -> HttpResponse:
    """A patient registers; afterwards they sign in."""
    return _register(request, RegisterForm, Role.PATIENT, "accounts/register.html")


@sensitive_post_parameters("password")
@never_cache
@throttled(REGISTER, account=typed_email, refusal=_too_many(RegisterDoctorForm, "accounts/register_doctor.html"))
def register_doctor(request: HttpRequest) -> HttpResponse:
    """A doctor registers, and sees no patient data until an administrator has checked the licence."""
    return _register(request, RegisterDoctorForm, Role.DOCTOR, "accounts/register_doctor.html")


@require_safe
def registered(request: HttpRequest, role: str) -> HttpResponse:
    """What happens next."""
    return render(request, "accounts/registered.html", {"is_doctor": role == Role.DOCTOR})


def _register(request: HttpRequest, form_class: type[RegisterForm], role: Role, template: str) -> HttpResponse:
    if request.user.is_authenticated:
        return redirect("home")
    if request.method != "POST":
        return render(request, template, {"form": form_class()})
    form = form_class(request.POST)
    if form.is_valid():
        user = form.save(commit=False)
        user.role = role
        user.set_password(form.cleaned_data["password"])
        if registering.register(user, stated={"sex": form.cleaned_data.get("sex", "")}) != "licence":
            return redirect("accounts:registered", role=role)
        form.add_error(
            "licence_number", "This licence number is registered already. Sign in, or call the clinic if it is not you."
        )
    return render(request, template, {"form": form}, status=422)
