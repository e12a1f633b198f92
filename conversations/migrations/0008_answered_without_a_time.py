"""Imported answers without a time have a place in the doctors' lists of answered cases."""

from django.db import migrations, models
from django.db.models.functions import Coalesce


class Migration(migrations.Migration):
    dependencies = [("conversations", "0007_unfinished_cases")]

    operations = [
        migrations.RemoveIndex(model_name="conversation", name="conversations_answered_by"),
        migrations.AddIndex(
            model_name="conversation",
            index=models.Index(
                models.F("doctor"),
                Coalesce("responded_at", "submitted_at", "created_at").desc(),
                models.F("id").desc(),
                name="conversations_answered_by",
            ),
        ),
    ]
