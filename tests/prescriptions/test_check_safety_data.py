"""``manage.py check_safety_data``."""

import shutil
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from prescriptions.safety.knowledge import DATA, knowledge


def test_the_packaged_files_are_in_order_and_counted() -> None:
    out = StringIO()
    call_command("check_safety_data", stdout=out)
    assert f"{len(knowledge().interactions)} rules on interactions" in out.getvalue()
    assert "The files are in order." in out.getvalue()


@pytest.mark.parametrize(
    ("entry", "complaint"),
    [
        ('ingredient = "moonstone"\ndaily_mg = 5\nseverity = "serious"', "there is no ingredient 'moonstone'"),
        ('ingredient = "paracetamol"\nseverity = "serious"', "either daily_mg, above 0, or not_daily"),
        ('ingredient = "paracetamol"\ndaily_mg = 0\nseverity = "serious"', "either daily_mg, above 0, or not_daily"),
        (
            'ingredient = "paracetamol"\ndaily_mg = 5\nnot_daily = true\nseverity = "serious"',
            "either daily_mg, above 0, or not_daily",
        ),
        ('ingredient = "paracetamol"\ndaily_mg = 5\nseverity = "bad"', "severity must be one of"),
        ('ingredient = "paracetamol"\ndaily_mg = 5\nover = "old"\nseverity = "serious"', "an age in years"),
    ],
)
def test_a_wrong_limit_ends_it_with_the_file_and_the_mistake(tmp_path: Path, entry: str, complaint: str) -> None:
    folder = tmp_path / "data"
    shutil.copytree(DATA, folder)
    with (folder / "doses.toml").open("a") as file:
        file.write(f'\n[[limit]]\n{entry}\nreason = "r"\nsource = "s"\n')
    with pytest.raises(CommandError, match=complaint) as refusal:
        call_command("check_safety_data", str(folder))
    assert "doses.toml" in str(refusal.value)


def test_a_folder_without_files_is_said_to_be_so(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("check_safety_data", str(tmp_path))
