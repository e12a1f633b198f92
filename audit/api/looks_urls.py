"""Addresses of looks and copies in the API, below ``/api``."""

from django.urls import path

from audit.api.looks import CopyView, OwnAccessView, WhoViewedView

urlpatterns = [
    path("patients/who-viewed", WhoViewedView.as_view(), name="who_viewed"),
    path("patients/copy", CopyView.as_view(), name="copy"),
    path("doctors/my-access", OwnAccessView.as_view(), name="my_access"),
]
