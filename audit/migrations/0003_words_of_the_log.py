"""The log learns words for copies and archives; a later word is one AllowActions in its own migration."""

from django.db import migrations, models

import audit.actions
from audit.operations import AllowActions


class Migration(migrations.Migration):
    dependencies = [("audit", "0002_diffs_and_admin_log")]
    operations = [
        migrations.AlterField(
            model_name="activitylog",
            name="action",
            field=models.TextField(choices=audit.actions.all_actions),
        ),
        AllowActions("record.exported", "log.exported", "log.archived", "log.dropped", "backup.restored"),
    ]
