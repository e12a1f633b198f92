"""Every address of MediChat; the only file besides the import that knows every app."""

from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from medichat import pages
from prescriptions.views.case import case

urlpatterns: list[URLPattern | URLResolver] = [
    path("", pages.landing, name="landing"),
    path("home/", pages.home, name="home"),
    path("account/", include("accounts.urls")),
    path("admin/", admin.site.urls),
    path("api", include("medichat.api.urls")),
    path("", include("records.urls")),
    path("", include("audit.urls")),
    path("", include("conversations.urls")),
    path("", include("prescriptions.urls")),
    path("cases/<uuid:case_id>/", case, name="case"),
]

if settings.DEBUG or settings.ENVIRONMENT == "test":
    from medichat.styleguide import styleguide

    urlpatterns.append(path("styleguide/", styleguide, name="styleguide"))

handler400 = "medichat.pages.handler400"
handler403 = "medichat.pages.handler403"
handler404 = "medichat.pages.handler404"
handler500 = "medichat.pages.handler500"
