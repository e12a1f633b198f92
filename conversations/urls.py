"""Addresses of conversations."""

from django.urls import path

from conversations.views import doctor

app_name = "conversations"

urlpatterns = [
    path("queue/", doctor.queue, name="queue"),
    path("queue/news/", doctor.news, name="news"),
    path("cases/<uuid:case_id>/claim/", doctor.claim, name="claim"),
    path("cases/<uuid:case_id>/release/", doctor.release, name="release"),
    path("cases/<uuid:case_id>/close/", doctor.close, name="close"),
    path("cases/<uuid:case_id>/put-away/", doctor.put_away, name="put_away"),
    path("cases/<uuid:case_id>/bring-back/", doctor.bring_back, name="bring_back"),
]
