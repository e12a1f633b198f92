"""The written vignettes are complete: a figure measured on them means what it says."""

from collections import Counter
from typing import get_args

import pytest

from tests.conversations.intake.vignettes import UNREVIEWED, Level, read

SETS = ["held_out", "tuning"]


@pytest.mark.parametrize("name", SETS)
def test_every_vignette_says_its_level_and_what_decides_it(name: str) -> None:
    vignettes, sources = read(name)
    assert [one.id for one in vignettes if one.level not in get_args(Level) or not one.why or not all(one.says)] == []
    assert [one.id for one in vignettes if one.source != UNREVIEWED and one.source not in sources] == []
    assert set(sources) == {one.source for one in vignettes} - {UNREVIEWED}


@pytest.mark.parametrize("name", SETS)
def test_no_two_vignettes_are_the_same(name: str) -> None:
    vignettes, _ = read(name)
    assert [key for key, times in Counter(one.id for one in vignettes).items() if times > 1] == []
    assert len({tuple(one.says) for one in vignettes}) == len(vignettes)


def test_the_held_out_half_has_enough_of_each_level_to_say_something() -> None:
    levels = Counter(one.level for one in read("held_out")[0])
    assert levels["emergency"] >= 50
    assert levels["urgent"] + levels["routine"] + levels["self_care"] >= 40
