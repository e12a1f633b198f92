"""The log learns a word for an emergency access that named nobody."""

from django.db import migrations

from audit.operations import AllowActions


class Migration(migrations.Migration):
    dependencies = [("audit", "0003_words_of_the_log")]
    operations = [AllowActions("break_glass.refused")]
