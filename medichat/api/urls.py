"""Every address of the API. Written in lower case and without a slash at the end (see ``medichat.api.addresses``)."""

from django.urls import include, path

from accounts.api.photos import PhotoView
from medichat.api.root import RootView

app_name = "api"
urlpatterns = [
    path("", RootView.as_view(), name="root"),
    path("/", include("medichat.api.schema.urls")),
    path("/auth/", include("accounts.api.urls")),
    path("/", include([path("photos/<id:user_id>", PhotoView.as_view(), name="photo")])),
    path("/admin/", include("accounts.api.administration_urls")),
    path("/admin/", include("audit.api.urls")),
    path("/patients/", include("records.api.urls")),
    path("/", include("records.api.chart_urls")),
    path("/", include("audit.api.looks_urls")),
    path("/", include("conversations.api.urls")),
    path("/", include("prescriptions.api.urls")),
]
