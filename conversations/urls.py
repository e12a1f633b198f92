"""Addresses of conversations."""

from django.urls import path

from conversations.views import doctor, drafts, files, patient

app_name = "conversations"

urlpatterns = [
    path("consultations/", patient.history, name="history"),
    path("consultations/home/", patient.home, name="home"),
    path("consultations/start/", patient.start, name="start"),
    path("consultations/<uuid:conversation_id>/", patient.consultation, name="chat"),
    path("consultations/<uuid:conversation_id>/message/", patient.message, name="message"),
    path("consultations/<uuid:conversation_id>/send/", patient.send_now, name="send"),
    path("consultations/<uuid:conversation_id>/attach/", patient.attach, name="attach"),
    path("consultations/<uuid:conversation_id>/archive/", patient.archive, name="archive"),
    path("consultations/<uuid:conversation_id>/unarchive/", patient.unarchive, name="unarchive"),
    path("consultations/<uuid:conversation_id>/files/<uuid:attachment_id>/", files.attachment, name="attachment"),
    path("drafts/<uuid:conversation_id>/", drafts.draft, name="draft"),
    path("queue/", doctor.queue, name="queue"),
    path("queue/news/", doctor.news, name="news"),
    path("cases/<uuid:case_id>/claim/", doctor.claim, name="claim"),
    path("cases/<uuid:case_id>/release/", doctor.release, name="release"),
    path("cases/<uuid:case_id>/close/", doctor.close, name="close"),
    path("cases/<uuid:case_id>/put-away/", doctor.put_away, name="put_away"),
    path("cases/<uuid:case_id>/bring-back/", doctor.bring_back, name="bring_back"),
]
