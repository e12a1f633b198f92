"""Addresses of the activity log in the API, below ``/api/admin``."""

from django.urls import path

from audit.api.logs import ActivitiesView, LatestView, StatisticsView

urlpatterns = [
    path("logs/activities", ActivitiesView.as_view(), name="admin_logs"),
    path("logs/statistics", StatisticsView.as_view(), name="admin_log_statistics"),
    path("logs/recent", LatestView.as_view(said_of_it="The latest rows of the log."), name="admin_logs_recent"),
    path(
        "logs/user/<id:user_id>",
        LatestView.as_view(said_of_it="The latest acts of one person."),
        name="admin_logs_of_user",
    ),
]
