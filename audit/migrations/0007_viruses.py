"""The log learns a word for a file that the scanner refused."""

from django.db import migrations

from audit.operations import AllowActions


class Migration(migrations.Migration):
    dependencies = [("audit", "0006_drafts")]
    operations = [AllowActions("file.virus_found")]
