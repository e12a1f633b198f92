"""Addresses of accounts in the API, below ``/api/auth``."""

from django.urls import path

from accounts.api import passwords, registration, sessions, sign_in
from accounts.api.throttling import limited, sent_token
from accounts.throttle import CHANGE, REGISTER, RESET, SIGN_IN

urlpatterns = [
    path("register", limited(REGISTER, registration.RegisterView.as_view()), name="register"),
    path("login", limited(SIGN_IN, sign_in.LoginView.as_view()), name="login"),
    path("mfa/verify", sign_in.SecondStepView.as_view(), name="second_step"),
    path("verify", sign_in.VerifyView.as_view(), name="verify"),
    path("sessions", sessions.SessionsView.as_view(), name="sessions"),
    path("sessions/<id:session_id>", sessions.SessionView.as_view(), name="session"),
    path("refresh", sign_in.RefreshView.as_view(), name="refresh"),
    path("logout", sign_in.LogoutView.as_view(), name="logout"),
    path("password/forgot", limited(RESET, passwords.ForgotView.as_view()), name="password_forgot"),
    path("password/reset", passwords.ResetView.as_view(), name="password_reset"),
    path("password/change", limited(CHANGE, passwords.ChangeView.as_view(), about=sent_token), name="password_change"),
]
