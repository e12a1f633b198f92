"""Addresses of the record."""

from django.urls import path

from audit import views
from audit.copies.views import copy_for_patient, own_copy

app_name = "audit"

urlpatterns = [
    path("who-viewed/", views.who_viewed, name="who_viewed"),
    path("my-access/", views.my_access, name="my_access"),
    path("record/copy/", own_copy, name="copy"),
    path("patients/<uuid:patient_id>/copy/", copy_for_patient, name="copy_for_patient"),
]
