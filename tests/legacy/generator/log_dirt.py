"""Dirt in the activity log."""

from datetime import datetime, timedelta

from bson import Int64
from bson.datetime_ms import DatetimeMS

from tests.legacy.generator.dirt import ABSENT, Kinds, Place

LOG_DIRT = Kinds()

LOG_DIRT.values(
    ("role_missing", "userRole", ABSENT, "choice_missing"),
    ("role_unknown", "userRole", "guest", "choice_unknown"),
    ("action_in_other_words", "action", "USER_LOGIN", "action_unknown"),
    ("action_missing", "action", ABSENT, "action_missing"),
    ("status_missing", "status", ABSENT, "choice_missing"),
    ("status_unknown", "status", "ok", "choice_unknown"),
    ("severity_missing", "severity", ABSENT, ""),
    ("severity_unknown", "severity", "meh", "choice_unknown"),
    ("address_of_proxies", "ipAddress", "10.1.1.1, 192.168.0.9", ""),
    ("address_mapped", "ipAddress", "::ffff:10.1.2.3", ""),
    ("address_unknown", "ipAddress", "unknown", ""),
    ("address_empty", "ipAddress", "", ""),
    ("resource_id_as_text", "resourceId", "the third one", "resource_id_as_text"),
    ("endpoint_with_query", "endpoint", "/api/files?name=a&token=abc123", "query_set_aside"),
    ("code_zero", "statusCode", 0, ""),
    ("code_in_words", "statusCode", "ok", "not_a_number"),
    ("duration_zero", "duration", 0.0, ""),
    ("duration_nan", "duration", float("nan"), "not_a_number"),
    ("duration_as_text", "duration", "12.5", "number_from_text"),
    ("duration_wide", "duration", Int64(7), "wide_number"),
    ("metadata_null", "metadata", None, ""),
    ("metadata_list", "metadata", [1, "two", {"three": 3}], ""),
    ("metadata_text", "metadata", "free text", ""),
    ("metadata_with_points", "metadata", {"a.b": 1, "$set": {"c": None}}, "unusual_names_kept"),
    ("metadata_with_secrets", "metadata", {"body": {"password": "pa55word", "name": "x"}}, "secret_not_kept"),
    ("metadata_with_nul", "metadata", {"text": "a\0b"}, "nul_removed"),
    ("error_with_numeric_code", "error", {"message": "boom", "stack": "at x", "code": 11000}, "number_as_text"),
    ("error_is_text", "error", "boom", ""),
    ("time_missing", "createdAt", ABSENT, "time_from_id"),
    ("time_as_text", "createdAt", "2022-01-02T03:04:05.678Z", "date_text_parsed"),
    ("time_before_anybody", "createdAt", datetime(1, 1, 1), "date_out_of_range"),  # noqa: DTZ001  # BSON
    ("time_outside_the_calendar", "createdAt", DatetimeMS(-(2**55)), "date_out_of_range"),
    ("unknown_field", "requestBody", {"weight": 80}, "unknown_field"),
    ("agent_very_long", "userAgent", "Mozilla " * 600, ""),
    ("description_with_token", "description", "Bearer abcdefghijklmnop was used", "secret_not_kept"),
)


@LOG_DIRT.kind("actor_unknown")
def _actor_was_deleted(place: Place) -> None:
    place.fields["user"] = place.clinic.nobody(place.number)


@LOG_DIRT.kind("possible_password_not_kept")
def _password_typed_as_address(place: Place) -> None:
    place.fields |= {"action": "user.login.failed", "userRole": "anonymous", "userEmail": "hunter2hunter2"}


@LOG_DIRT.kind("log_changed_later")
def _changed_later(place: Place) -> None:
    place.fields["updatedAt"] = place.fields["createdAt"] + timedelta(hours=3)
