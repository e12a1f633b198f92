"""The colours that are used together can be told apart by eyes of every kind: WCAG 2.2, criteria 1.4.3 and 1.4.11."""

import re
from pathlib import Path

import pytest

STYLESHEET = Path(__file__).parents[2] / "medichat" / "static" / "medichat" / "app.css"
TOKEN = re.compile(r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);")
TOKENS = {name: {"light": light, "dark": dark} for name, light, dark in TOKEN.findall(STYLESHEET.read_text())}

GROUNDS = ["ground", "surface", "surface-sunk"]
TEXT_PAIRS = [
    *[(text, ground) for text in ["ink", "ink-soft", "brand", "brand-strong", "warn", "danger"] for ground in GROUNDS],
    ("on-brand", "brand"),
    ("on-brand", "brand-strong"),
    ("on-brand-soft", "brand-soft"),
    ("brand", "brand-soft"),
    ("on-bar", "bar"),
    ("on-danger-fill", "danger-fill"),
    ("on-danger-soft", "danger-soft"),
    ("on-warn-soft", "warn-soft"),
    ("on-info-soft", "info-soft"),
    ("on-good-soft", "good-soft"),
    ("on-mark", "mark"),
    ("ink", "brand-soft"),
    ("ink-soft", "brand-soft"),
    ("surface", "ink"),
]
# Borders of fields, marks of states and the focus ring must stand out from what lies beside them.
SHAPE_PAIRS = [
    *[("line-strong", ground) for ground in ["ground", "surface", "surface-sunk"]],
    *[("focus", ground) for ground in [*GROUNDS, "brand-soft", "warn-soft", "danger-soft", "info-soft", "good-soft"]],
    ("warn", "warn-soft"),
    ("danger", "danger-soft"),
    ("info", "info-soft"),
    ("good", "good-soft"),
    ("brand", "brand-soft"),
]


def luminance(colour: str) -> float:
    """Relative luminance of #rrggbb as WCAG defines it."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """The ratio of two colours, 1 to 21."""
    lighter, darker = sorted([luminance(one), luminance(other)], reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_the_measure_itself() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), TEXT_PAIRS)
def test_text_stands_out_from_its_ground(text: str, ground: str, mode: str) -> None:
    assert contrast(TOKENS[text][mode], TOKENS[ground][mode]) >= 4.5


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize(("shape", "ground"), SHAPE_PAIRS)
def test_shapes_stand_out_from_their_ground(shape: str, ground: str, mode: str) -> None:
    assert contrast(TOKENS[shape][mode], TOKENS[ground][mode]) >= 3


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_one_of_the_two_focus_rings_shows_on_strong_grounds(mode: str) -> None:
    for ground in ["brand", "danger-fill", "ink", "bar"]:
        rings = [TOKENS["focus"][mode], TOKENS["focus-halo"][mode]]
        assert max(contrast(ring, TOKENS[ground][mode]) for ring in rings) >= 3, ground


def test_red_is_only_for_emergencies_and_contraindications() -> None:
    """Every rule that takes a red token names what the red is for."""
    rules = re.findall(r"([^{}]+)\{([^{}]*var\(--(?:on-)?danger[^{}]*)\}", STYLESHEET.read_text())
    assert rules
    for selector, _ in rules:
        assert re.search(r"emergency|contraindication|allergy-line--known|evidence--flag", selector), selector


class TestAdmin:
    """The admin keeps its own variables; ours replace some of them."""

    BLOCKS = [
        dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block))
        for block in re.findall(r"\{([^{}]*--primary[^{}]*)\}", (STYLESHEET.parent / "admin.css").read_text())
    ]
    PAIRS = [
        ("header-color", "header-bg"),
        ("header-branding-color", "header-bg"),
        ("header-link-color", "header-bg"),
        ("breadcrumbs-fg", "breadcrumbs-bg"),
        ("breadcrumbs-link-fg", "breadcrumbs-bg"),
        ("primary-fg", "primary"),
        ("primary-fg", "button-bg"),
        ("primary-fg", "button-hover-bg"),
        ("primary-fg", "default-button-bg"),
        ("primary-fg", "object-tools-bg"),
        ("link-fg", "selected-bg"),
    ]

    def test_dark_by_the_system_and_dark_by_the_switch_are_the_same(self) -> None:
        light, by_system, by_switch = self.BLOCKS
        assert by_system == by_switch
        assert set(by_system) <= set(light)

    @pytest.mark.parametrize(("text", "ground"), PAIRS)
    def test_text_stands_out_from_its_ground(self, text: str, ground: str) -> None:
        light, dark, _ = self.BLOCKS
        assert contrast(light[text], light[ground]) >= 4.5
        assert contrast((light | dark)[text], (light | dark)[ground]) >= 4.5

    def test_links_stand_out_from_the_page(self) -> None:
        light, dark, _ = self.BLOCKS
        for link in ("link-fg", "link-hover-color", "link-selected-fg"):
            assert contrast(light[link], "#ffffff") >= 4.5
            assert contrast(dark[link], "#121212") >= 4.5  # the admin's own dark ground
