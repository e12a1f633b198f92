"""A session knows the second factor it was opened with; who may take a second factor away."""

import django.db.models.deletion
from django.db import migrations, models

from medichat.db.policies import ME, AddPolicies, Policy, acts_as


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_photos_of_the_previous_system"),
    ]

    operations = [
        migrations.AddField(
            model_name="session",
            name="awaits_second_factor",
            field=models.BooleanField(db_default=False, default=False, editable=False),
        ),
        migrations.AddField(
            model_name="session",
            name="second_factor",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="accounts.mfatoken",
            ),
        ),
        migrations.AddConstraint(
            model_name="mfatoken",
            constraint=models.UniqueConstraint(
                condition=models.Q(("confirmed_at__isnull", False), ("kind", "totp")),
                fields=("user",),
                name="mfa_tokens_one_app",
                violation_error_message="This person has an authenticator app already.",
            ),
        ),
        migrations.AddConstraint(
            model_name="mfatoken",
            constraint=models.UniqueConstraint(
                condition=models.Q(("confirmed_at__isnull", True), ("kind", "totp")),
                fields=("user",),
                name="mfa_tokens_one_setup",
                violation_error_message="An authenticator app is being set up already.",
            ),
        ),
        migrations.AddConstraint(
            model_name="mfatoken",
            constraint=models.UniqueConstraint(
                condition=models.Q(("kind", "backup")), fields=("user", "name"), name="mfa_tokens_backup_numbers"
            ),
        ),
        migrations.AddConstraint(
            model_name="mfatoken",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "totp"), ("secret__isnull", False)),
                    models.Q(("kind", "backup"), models.Q(("code_hash", ""), _negated=True)),
                    _connector="OR",
                ),
                name="mfa_tokens_are_complete",
            ),
        ),
        AddPolicies(
            "mfa_tokens",
            [
                # Who has only typed the password (and acts to sign in) cannot get rid of the second step.
                Policy("own_tokens_go", "DELETE", using=f"user_id = {ME} AND NOT {acts_as('sign_in')}"),
                Policy("administration_clears", "DELETE", using=acts_as("admin")),
            ],
        ),
    ]
