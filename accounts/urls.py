"""Addresses of accounts and signing in."""

from django.urls import path

from accounts.views import first_set_up, own_account, passwords, photos, registration, second_factor, sign_in

app_name = "accounts"
urlpatterns = [
    path("sign-in/", sign_in.sign_in, name="sign_in"),
    path("code/", sign_in.second_step, name="second_step"),
    path("sign-out/", sign_in.sign_out, name="sign_out"),
    path("waiting/", sign_in.waiting, name="waiting"),
    path("register/", registration.register, name="register"),
    path("register/doctor/", registration.register_doctor, name="register_doctor"),
    path("registered/<str:role>/", registration.registered, name="registered"),
    path("reset/", passwords.password_reset, name="password_reset"),
    path("reset/sent/", passwords.password_reset_sent, name="password_reset_sent"),
    path("reset/<str:uidb64>/<str:token>/", passwords.password_reset_confirm, name="password_reset_confirm"),
    path("password/", passwords.password_change, name="password_change"),
    path("profile/", own_account.profile, name="profile"),
    path("photo/", photos.photo, name="photo"),
    path("photo/change/", photos.change, name="photo_change"),
    path("photo/remove/", photos.remove, name="photo_remove"),
    path("e-mail/", own_account.email_change, name="email_change"),
    path("e-mail/<str:token>/", own_account.email_confirm, name="email_confirm"),
    path("second-step/", second_factor.overview, name="second_factor"),
    path("second-step/set-up/", second_factor.set_up, name="second_factor_set_up"),
    path("second-step/link/", first_set_up.send_link, name="second_factor_link"),
    path("second-step/link/<str:token>/", first_set_up.open_link, name="second_factor_link_opened"),
    path("second-step/backup-codes/", second_factor.backup_codes, name="backup_codes"),
    path("second-step/backup-codes/file/", second_factor.backup_codes_file, name="backup_codes_file"),
    path("second-step/off/", second_factor.switch_off, name="second_factor_off"),
    path("sessions/", own_account.sessions, name="sessions"),
    path("sessions/end-others/", own_account.sessions_end_others, name="sessions_end_others"),
    path("sessions/<uuid:session_id>/end/", own_account.session_end, name="session_end"),
]
