"""What every page has in common, and the rules that all templates, the stylesheet and the script keep."""

import re
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import pytest
from django import forms
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.test import RequestFactory
from pytest_django import Settings

from medichat.pages import clinic
from medichat.styleguide import ICONS

ROOT = Path(__file__).parents[2]
TEMPLATES = [path for path in sorted((ROOT / "templates").rglob("*.html")) if "pdf" not in path.name]
STATIC = ROOT / "medichat" / "static" / "medichat"


def person(role: str, *, approved: bool = True) -> SimpleNamespace:
    """Somebody who is signed in."""
    return SimpleNamespace(
        pk="0193",
        is_authenticated=True,
        role=role,
        is_approved=approved,
        first_name="Ana",
        last_name="Test",
        email="a@b.c",
    )


def page(rf: RequestFactory, user: object, **cookies: str) -> str:
    """The bare frame as this person sees it."""
    request: HttpRequest = rf.get("/")
    request.user = user  # type: ignore[assignment]  # a stand-in with what the frame reads
    request.COOKIES.update(cookies)
    return render_to_string("base.html", request=request)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT / "templates")))
def test_no_template_has_script_or_style_within(path: Path) -> None:
    """The content policy would refuse it, silently for those who write it and visibly for those who need it."""
    source = path.read_text()
    assert not re.search(r"<script(?![^>]*\bsrc=)", source)
    assert not re.search(r"<style|\sstyle\s*=|\son[a-z]+\s*=|javascript:|hx-on|hx-vals=.js:", source)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT / "templates")))
def test_short_comments_of_templates_end_on_their_line(path: Path) -> None:
    """Django shows a comment in braces and hashes that runs over two lines to the reader."""
    for line in path.read_text().splitlines():
        assert line.count("{#") == line.count("#}"), line


def test_the_script_keeps_nothing_that_was_typed_in_the_browser() -> None:
    scripts = "".join((STATIC / name).read_text() for name in ("app.js", "session.js"))
    script = re.sub(r"/\*.*?\*/|//[^\n]*", "", scripts, flags=re.DOTALL)
    assert not re.search(r"localStorage|sessionStorage|indexedDB|\beval\b|innerHTML|insertAdjacentHTML", script)


def test_whatever_is_typed_may_be_pasted() -> None:
    scripts = "".join(path.read_text() for path in STATIC.glob("*.js"))
    assert not re.search(r"""["'](paste|copy|cut|beforeinput|contextmenu)["']""", scripts)
    assert [path for path in TEMPLATES if re.search(r"onpaste|oncopy|oncut", path.read_text())] == []


def test_htmx_keeps_no_pages_and_evaluates_nothing(rf: RequestFactory) -> None:
    frame = page(rf, AnonymousUser())
    for setting in ('"historyCacheSize":0', '"allowEval":false', '"allowScriptTags":false', '"selfRequestsOnly":true'):
        assert setting in frame


def test_the_stylesheet_takes_nothing_from_elsewhere() -> None:
    style = re.sub(r"/\*.*?\*/", "", (STATIC / "app.css").read_text(), flags=re.DOTALL)
    assert not re.search(r"@import|url\(|https?:", style)


def test_the_sprite_and_the_style_guide_have_the_same_icons() -> None:
    drawn = re.findall(r'<symbol id="([\w-]+)"', (STATIC / "icons.svg").read_text())
    assert sorted(drawn) == sorted(ICONS)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT / "templates")))
def test_templates_use_icons_that_are_drawn(path: Path) -> None:
    used = re.findall(r'{% icon "([^"]*)"', path.read_text()) + re.findall(r'icon_name="([^"]*)"', path.read_text())
    assert set(used) <= set(ICONS)


class TestFrame:
    def test_a_stranger_is_offered_to_sign_in_and_sees_the_emergency_number(
        self, rf: RequestFactory, settings: Settings
    ) -> None:
        settings.EMERGENCY_NUMBER = "999"
        frame = page(rf, AnonymousUser())
        assert 'href="tel:999"' in frame
        assert "session-timeout" not in frame
        assert "Sign out" not in frame

    def test_the_page_knows_when_the_session_ends(self, rf: RequestFactory, settings: Settings) -> None:
        settings.SESSION_TIMEOUT_MINUTES = 7
        frame = page(rf, person("patient"))
        assert '<meta name="session-timeout" content="7">' in frame
        assert 'id="session-warning"' in frame

    @pytest.mark.parametrize("wanted", ["light", "dark"])
    def test_the_wish_for_light_or_dark_is_remembered(self, rf: RequestFactory, wanted: str) -> None:
        assert f'data-theme="{wanted}"' in page(rf, AnonymousUser(), theme=wanted)

    def test_over_tls_the_wish_is_bound_to_the_host(self, rf: RequestFactory) -> None:
        over_tls = rf.get("/", secure=True)
        over_tls.COOKIES = {"theme": "light", "__Host-theme": "dark"}
        assert clinic(over_tls)["theme"] == "dark"
        over_tls.COOKIES = {"theme": "light"}
        assert clinic(over_tls)["theme"] == ""
        assert '["__Host-theme", "; Secure"]' in (STATIC / "app.js").read_text()

    def test_any_other_wish_is_ignored(self, rf: RequestFactory) -> None:
        assert "data-theme=" not in page(rf, AnonymousUser(), theme='"><b>')

    def test_the_demonstration_says_so_and_nothing_else_does(self, rf: RequestFactory, settings: Settings) -> None:
        settings.DEMO_CLINIC = True
        assert "made-up people" in page(rf, AnonymousUser())
        settings.DEMO_CLINIC = False
        assert "made-up people" not in page(rf, AnonymousUser())


class TestAllergyLine:
    """Listed, stated to be none, unclear and never asked are four different things to read."""

    def line(self, **context: object) -> str:
        return render_to_string("components/allergy_line.html", context)

    def test_every_allergy_is_named_with_its_severity(self) -> None:
        known = [
            SimpleNamespace(allergen="Penicillin", severity="Severe"),
            SimpleNamespace(allergen="Latex", severity=""),
        ]
        html = self.line(allergies=known, nka_stated_on=date(2026, 11, 2), allergies_asked=True)
        assert "Penicillin <span>(severe)</span>" in html
        assert "Latex" in html
        assert "No known allergies" not in html

    def test_none_known_is_dated(self) -> None:
        html = self.line(allergies=[], nka_stated_on=date(2026, 11, 2), allergies_asked=True)
        assert "No known allergies" in html
        assert "(stated 02-Nov-2026)" in html

    def test_not_asked_is_never_taken_for_none(self) -> None:
        for context in ({}, {"allergies": [], "allergies_asked": False}, {"allergies": None}):
            html = self.line(**context)
            assert "Allergies not asked" in html
            assert "No known" not in html

    def test_asked_without_a_clear_answer_is_not_none_either(self) -> None:
        html = self.line(allergies=[], allergies_asked=True)
        assert "answer unclear" in html
        assert "No known" not in html


class TestPatientBanner:
    def test_names_the_person_as_the_field_does(self) -> None:
        html = render_to_string(
            "components/patient_banner.html",
            {"person": person("patient"), "born": date(1990, 6, 15), "sex": "Female", "record_number": "MC-1"},
        )
        for part in ("TEST, Ana", "15-Jun-1990 (", "Female", "MC-1", "Allergies not asked"):
            assert part in html

    def test_says_what_is_not_recorded(self) -> None:
        html = render_to_string("components/patient_banner.html", {"person": person("patient")})
        assert html.count("not recorded") == 2


class Sample(forms.Form):
    """Two kinds of field that are wired differently."""

    complaint = forms.CharField(help_text="In your own words.")
    sex = forms.ChoiceField(choices=[("f", "Female"), ("m", "Male")], widget=forms.RadioSelect)
    note = forms.CharField(required=False)


class TestForm:
    def test_errors_are_beside_their_field_and_named_by_it(self) -> None:
        html = render_to_string("components/form.html", {"form": Sample({"complaint": ""})})
        described = re.search(r'<input type="text" name="complaint"[^>]*aria-describedby="([^"]*)"', html)
        assert described
        for name in described[1].split():
            assert f'id="{name}"' in html
        assert re.search(r'<fieldset [^>]*id="id_sex" aria-describedby="id_sex_error"', html)

    def test_the_summary_links_to_every_wrong_field(self) -> None:
        html = render_to_string("components/form.html", {"form": Sample({"complaint": ""})})
        for target in ("id_complaint", "id_sex"):
            assert f'<a href="#{target}">' in html
            assert f'id="{target}"' in html

    def test_a_form_in_order_has_no_summary(self) -> None:
        assert "error-summary" not in render_to_string("components/form.html", {"form": Sample()})

    def test_what_was_typed_is_still_there_as_text(self) -> None:
        html = render_to_string("components/form.html", {"form": Sample({"note": '"><b>hurts'})})
        assert 'value="&quot;&gt;&lt;b&gt;hurts"' in html

    def test_only_what_may_be_left_out_is_marked(self) -> None:
        html = render_to_string("components/form.html", {"form": Sample()})
        assert html.count("(optional)") == 1
