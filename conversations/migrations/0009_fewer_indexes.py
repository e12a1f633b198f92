"""Indexes that only repeat the beginning of another one go: each is written for each message and each of its words.

Nobody looks for a beginning of a message's identity in the previous system either, for which Django makes an index.
"""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("conversations", "0008_answered_without_a_time"),
    ]

    operations = [
        migrations.RunSQL(
            "DROP INDEX messages_legacy_id_f6b94644_like",
            "CREATE INDEX messages_legacy_id_f6b94644_like ON messages (legacy_id varchar_pattern_ops)",
        ),
        migrations.AlterField(
            model_name="conversationword",
            name="conversation",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="conversations.conversation",
            ),
        ),
        migrations.AlterField(
            model_name="message",
            name="conversation",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="messages",
                to="conversations.conversation",
            ),
        ),
    ]
