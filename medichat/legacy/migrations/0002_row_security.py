"""The import's tables are for administrators and the system; the log learns words for runs."""

from django.db import migrations

from audit.operations import AllowActions
from medichat.db.policies import ProtectRows, administration


class Migration(migrations.Migration):
    dependencies = [("legacy", "0001_initial"), ("audit", "0003_words_of_the_log")]
    operations = [
        *[
            ProtectRows(table, administration())
            for table in ("import_runs", "import_batches", "import_documents", "import_items")
        ],
        AllowActions("import.started", "import.resumed", "import.finished", "import.undone"),
    ]
