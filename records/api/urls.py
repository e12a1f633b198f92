"""Addresses of the chart in the API, below ``/api/patients``."""

from django.urls import path

from records.api.profile import ProfileView

urlpatterns = [path("profile", ProfileView.as_view(), name="profile")]
