"""Addresses of the record."""

from django.urls import path

from audit import views

app_name = "audit"

urlpatterns = [path("who-viewed/", views.who_viewed, name="who_viewed")]
