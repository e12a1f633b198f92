"""Addresses of accounts for administrators in the API, below ``/api/admin``."""

from django.urls import path

from accounts.api.administration import UsersView, UserView

urlpatterns = [
    path("users", UsersView.as_view(), name="admin_users"),
    path("users/<id:user_id>", UserView.as_view(), name="admin_user"),
]
