"""One's own photo: look at it, choose another one, take it away."""

from http import HTTPStatus

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from accounts import photos
from accounts.access import person, signed_in_required
from accounts.forms import PhotoForm, ProfileForm
from accounts.models import User
from accounts.signals import viewed
from medichat.file_checks import UnacceptableFile


@require_safe
@signed_in_required
def photo(request: HttpRequest) -> HttpResponse:
    """The picture itself; nothing where there is none."""
    user = person(request)
    response = photos.shown(user)
    if response is None:
        return HttpResponse(status=HTTPStatus.NO_CONTENT)
    if user.is_patient:
        viewed.send(User, by=user, patient_id=user.pk, resource_type="photo", resource_id=user.pk, why="own")
    return response


@require_POST
@signed_in_required
def change(request: HttpRequest) -> HttpResponse:
    """Another photo; what is wrong with it is said beside the field."""
    user = person(request)
    form = PhotoForm(request.POST, request.FILES)
    if form.is_valid():
        try:
            photos.keep(user, form.cleaned_data["photo"])
        except UnacceptableFile as fault:
            form.add_error("photo", str(fault))
        else:
            messages.success(request, "Your photo is stored.")
            return redirect("accounts:profile")
    context = {"form": ProfileForm(instance=user), "photo_form": form}
    return render(request, "accounts/profile.html", context, status=422)


@require_POST
@signed_in_required
def remove(request: HttpRequest) -> HttpResponse:
    """No photo any more."""
    photos.remove(person(request))
    messages.success(request, "Your photo is removed.")
    return redirect("accounts:profile")
