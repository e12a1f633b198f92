"""Django's admin site, entered by the same door as every other page."""

from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect


class AdministrationSite(AdminSite):
    """The administrators' pages. There is one sign-in for everybody, so the site has none of its own."""

    site_title = "MediChat administration"
    site_header = "Administration"
    index_title = "Administration"
    enable_nav_sidebar = True

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Send people to the sign-in page; somebody who is signed in and no administrator is refused."""
        if request.user.is_authenticated and not self.has_permission(request):
            raise PermissionDenied("These pages are for administrators.")
        following = request.GET.get("next") or request.get_full_path()
        return redirect_to_login(following)

    def logout(  # type: ignore[override]  # the stubs know only a page, Django any answer
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Sign out like everywhere else (307 keeps the POST)."""
        response = redirect("accounts:sign_out")
        response.status_code = 307
        return response

    def password_change(  # type: ignore[override]  # as above
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The password is changed where everybody changes it."""
        return redirect("accounts:password_change")
