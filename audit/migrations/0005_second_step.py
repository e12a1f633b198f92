"""The log learns that a second step was passed or changed."""

from django.db import migrations

from audit.operations import AllowActions


class Migration(migrations.Migration):
    dependencies = [("audit", "0004_emergency_access_refused")]
    operations = [AllowActions("user.second_factor.used", "user.second_factor.changed")]
