"""The page for pharmacists: whether the prescription on a paper is valid, found by the code that is printed on it.

Nobody signs in here. The code opens one sheet and its items in the database (context ``verify``), and nothing else; a
code that does not exist and a text that is no code are the same to everybody. Misses are counted for each address.
"""

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import User
from accounts.throttle import VERIFY, attempt_of, throttled
from medichat.db.context import acting
from prescriptions import signals
from prescriptions.forms import CodeForm
from prescriptions.models import IssuedSheet, Prescription
from prescriptions.models.sheet import hash_of


def look_up(code: str, *, by: User | None) -> tuple[IssuedSheet, list[Prescription]] | None:
    """The sheet with this code and its items, in their order; that somebody looked is put on record. None: no sheet."""
    key = hash_of(code)
    with acting(role="verify", sign_in_key=key):
        sheet = IssuedSheet.objects.filter(code_hash=key).first()
        items = list(Prescription.objects.filter(sheet__code_hash=key).order_by("position", "id"))
    if sheet is None:
        return None
    signals.verified.send(IssuedSheet, sheet=sheet, by=by)
    return sheet, items


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def enter_code(request: HttpRequest) -> HttpResponse:
    """Type the code from the paper."""
    form = CodeForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        return redirect("prescriptions:verify", code=form.cleaned_data["code"])
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    return render(request, "prescriptions/verify_enter.html", {"form": form}, status=status)


def _path(request: HttpRequest) -> str:
    return request.path


@never_cache
@require_safe
@throttled(VERIFY, account=_path, methods={"GET", "HEAD"})
def verify(request: HttpRequest, code: str) -> HttpResponse:
    """Whether it is valid, what is on it and who wrote it; of the patient initials and year of birth."""
    found = look_up(code, by=request.user if isinstance(request.user, User) else None)
    if found is None:
        return render(request, "prescriptions/verify_unknown.html", {"form": CodeForm()}, status=HTTPStatus.NOT_FOUND)
    attempt_of(request).succeeded = True
    sheet, items = found
    valid = [item for item in items if item.standing == Prescription.Status.ACTIVE]
    context = {"sheet": sheet, "items": items, "valid": len(valid), "now": timezone.now()}
    return render(request, "prescriptions/verify.html", context)
