"""Addresses of the description, below ``/api``."""

from django.urls import path

from medichat.api.schema.views import DocumentationView, SchemaView

urlpatterns = [
    path("schema", SchemaView.as_view(), name="schema"),
    path("docs", DocumentationView.as_view(), name="docs"),
]
