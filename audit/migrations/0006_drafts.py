"""The log learns a word for a draft that somebody begins."""

from django.db import migrations

from audit.operations import AllowActions


class Migration(migrations.Migration):
    dependencies = [("audit", "0005_second_step")]
    operations = [AllowActions("draft.kept")]
