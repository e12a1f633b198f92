"""Addresses of prescriptions."""

from django.urls import path

from prescriptions import views

app_name = "prescriptions"

urlpatterns = [
    path("prescriptions/", views.mine, name="mine"),
    path("prescriptions/<uuid:prescription_id>/cancel/", views.cancel, name="cancel"),
    path("cases/<uuid:case_id>/prescriptions.pdf", views.sheet, name="sheet"),
    path("cases/<uuid:case_id>/check/<int:row>/", views.check, name="check"),
]
