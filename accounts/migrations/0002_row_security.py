"""Accounts, sessions and second factors: one's own, and while signing in exactly the row that is named."""

from django.db import migrations

from medichat.db.policies import ME, SIGN_IN_KEY, ProtectRows, acts_as, adds, administration, changes, reads

SIGNING_IN = acts_as("sign_in")


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]
    operations = [
        ProtectRows(
            "users",
            [
                *administration(),
                reads("own_row", f"id = {ME}"),
                changes("own_row_changes", f"id = {ME}"),
                reads("sign_in_by_email", f"{SIGNING_IN} AND email = {SIGN_IN_KEY}"),
                adds("registration", f"{SIGNING_IN} AND id = {ME}"),
            ],
        ),
        ProtectRows(
            "sessions",
            [
                *administration(),
                reads("own_sessions", f"user_id = {ME}"),
                adds("own_sessions_start", f"user_id = {ME}"),
                changes("own_sessions_change", f"user_id = {ME}"),
                reads("sign_in_by_key", f"{SIGNING_IN} AND key_hash = {SIGN_IN_KEY}"),
                reads("sign_in_by_refresh", f"{SIGNING_IN} AND refresh_hash = {SIGN_IN_KEY}"),
            ],
        ),
        ProtectRows(
            "mfa_tokens",
            [
                *administration(),
                reads("own_tokens", f"user_id = {ME}"),
                adds("own_tokens_add", f"user_id = {ME}"),
                changes("own_tokens_change", f"user_id = {ME}"),
            ],
        ),
    ]
