"""The log learns the words of a prescription's life: dispensed, asked for again, looked at with its code."""

from django.db import migrations

from audit.operations import AllowActions


class Migration(migrations.Migration):
    dependencies = [("audit", "0007_viruses")]
    operations = [
        AllowActions(
            "prescription.filled",
            "prescription.verified",
            "refill.requested",
            "refill.withdrawn",
            "refill.approved",
            "refill.declined",
        )
    ]
