"""Addresses of prescriptions."""

from django.urls import path

from prescriptions.views import case, overrides, own, papers, treating, verify

app_name = "prescriptions"

urlpatterns = [
    path("prescriptions/", own.mine, name="mine"),
    path("prescriptions/<uuid:prescription_id>/refill/", own.ask_for_refill, name="ask_refill"),
    path("prescriptions/<uuid:prescription_id>/cancel/", treating.cancel, name="cancel"),
    path("prescriptions/<uuid:prescription_id>/fill/", treating.fill, name="fill"),
    path("refills/", treating.refills, name="refills"),
    path("refills/<uuid:request_id>/", treating.decide_refill, name="decide_refill"),
    path("refills/<uuid:request_id>/take-back/", own.withdraw_refill, name="withdraw_refill"),
    path("verify/", verify.enter_code, name="enter_code"),
    path("verify/<path:code>/", verify.verify, name="verify"),
    path("cases/<uuid:case_id>/prescriptions.pdf", papers.sheet, name="sheet"),
    path("cases/<uuid:case_id>/summary.pdf", papers.summary, name="summary"),
    path("prescriptions/day/", papers.of_day, name="of_day"),
    path("prescriptions/day.pdf", papers.of_day_file, name="of_day_file"),
    path("prescriptions/overrides/", overrides.overrides, name="overrides"),
    path("prescriptions/overrides.csv", overrides.overrides_file, name="overrides_file"),
    path("cases/<uuid:case_id>/check/<int:row>/", case.check, name="check"),
]
