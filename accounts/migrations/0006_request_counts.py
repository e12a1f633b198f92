"""How many requests of the API each person and each address has sent lately."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0005_accounts_never_used")]
    operations = [
        migrations.CreateModel(
            name="RequestCount",
            fields=[
                ("key", models.CharField(editable=False, max_length=64, primary_key=True, serialize=False)),
                ("began_at", models.DateTimeField()),
                ("requests", models.PositiveIntegerField()),
            ],
            options={
                "db_table": "request_counts",
                "indexes": [models.Index(fields=["began_at"], name="request_counts_by_age")],
            },
        ),
        # Every request of the API writes here: not worth a write to the disk.
        migrations.RunSQL("ALTER TABLE request_counts SET UNLOGGED", "ALTER TABLE request_counts SET LOGGED"),
    ]
