"""People who sign in."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Users and roles, signing in, sessions."""

    name = "accounts"
    verbose_name = "Accounts"
