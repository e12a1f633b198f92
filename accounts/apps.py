"""People who sign in, and the administrators' site."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig as DjangoAdminConfig


class AccountsConfig(AppConfig):
    """Users and roles, signing in, sessions."""

    name = "accounts"
    verbose_name = "Accounts"


class AdminConfig(DjangoAdminConfig):
    """Django's admin with MediChat's one way of signing in."""

    default_site = "accounts.admin_site.AdministrationSite"

    def ready(self) -> None:
        """Find what the apps register; groups are not used: a person has one role."""
        super().ready()
        from django.contrib import admin
        from django.contrib.auth.models import Group

        admin.site.unregister(Group)
