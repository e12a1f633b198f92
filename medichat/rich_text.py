"""Formatted text in answers: what the previous system's editor and its clients store as HTML, made safe to show.

Texts of this system are plain. Whether a text is HTML is told by its tags, and only by whole ones as an editor writes
them: 'temperature <38' and 'a <b and c> d' are plain. Everything that is shown as markup has gone through nh3, with
formatting tags and no attributes, both when it is stored and when it is shown.
"""

import re
from html.parser import HTMLParser

import nh3
from django.utils.html import linebreaks
from django.utils.safestring import SafeString, mark_safe

TAGS = {"p", "br", "ul", "ol", "li", "b", "strong", "i", "em", "u", "s", "sub", "sup", "h3", "h4", "blockquote"}
# Larger headings would compete with the page's own.
_LOWERED = {"h1": "h3", "h2": "h3", "h5": "h4", "h6": "h4", "div": "p"}
_REMOVED_WITH_CONTENT = {"script", "style", "template", "iframe", "object", "noscript", "title", "textarea"}
_ATTRIBUTES = r"(?:\s+[\w:-]+(?:\s*=\s*(?:\"[^\"<>]*\"|'[^'<>]*'|[^\s\"'<>=]+))?)*"
# The end of a paragraph, a list and the like, or a line break.
_BLOCK = re.compile(r"</(?:p|div|ul|ol|li|h[1-6]|blockquote|table|tr|td|th)\s*>|<(?:br|hr)\s*/?>", re.IGNORECASE)
_INLINE = re.compile(r"</(?:b|strong|i|em|u|s|sub|sup|span|a|font)\s*>", re.IGNORECASE)
# A sign that begins nothing which a browser would take for markup means 'less than'.
_LESS_THAN = re.compile(rf"<(?!/?[a-z][a-z0-9]*{_ATTRIBUTES}\s*/?>|!--|!doctype)", re.IGNORECASE)
_OPENED_OR_CLOSED = re.compile(rf"<(/?)({'|'.join(_LOWERED)}){_ATTRIBUTES}\s*/?>", re.IGNORECASE)
_TABLE_CELL = re.compile(r"</t[dh]\s*>", re.IGNORECASE)
_TABLE_ROW = re.compile(r"</tr\s*>", re.IGNORECASE)


def is_html(text: str) -> bool:
    """Whether an editor wrote this rather than a person."""
    # Lines of their own are a person's: an editor has paragraphs.
    return bool(_BLOCK.search(text) or (_INLINE.search(text) and "\n" not in text))


def cleaned(text: str) -> str:
    """The text as it is stored: HTML with formatting tags and nothing else, plain text unchanged."""
    return _clean(text) if is_html(text) else text


def as_html(text: str | None) -> SafeString:
    """The text for a page; plain text with its line breaks and paragraphs."""
    if not text:
        return SafeString("")
    if is_html(text):
        return mark_safe(_clean(text) if as_text(text) else "")  # noqa: S308  # nosec - cleaned by nh3
    return mark_safe(linebreaks(text, autoescape=True))  # noqa: S308  # nosec - escaped by linebreaks


def as_text(text: str | None) -> str:
    """The text without markup, its lists and paragraphs as lines: for papers, summaries and one-line titles."""
    if not text or not is_html(text):
        return text or ""
    writer = _Lines()
    writer.feed(_clean(text))
    writer.close()
    return writer.text


def _clean(text: str) -> str:
    text = _LESS_THAN.sub("&lt;", text)
    text = _OPENED_OR_CLOSED.sub(lambda tag: f"<{tag[1]}{_LOWERED[tag[2].lower()]}>", text)
    # Without its table the words of two cells would run into each other.
    text = _TABLE_ROW.sub("<br>", _TABLE_CELL.sub(" ", text))
    clean = nh3.clean(text, tags=TAGS, attributes={}, clean_content_tags=_REMOVED_WITH_CONTENT, link_rel=None)
    # What is left must still be known as HTML, or its signs would be escaped twice.
    return clean if not clean or is_html(clean) else f"<p>{clean}</p>"


class _Lines(HTMLParser):
    """Collects the words of cleaned HTML, a line for each paragraph, heading and entry of a list."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._parts: list[str] = []
        self._numbers: list[int | None] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a line where the tag does."""
        if tag in {"ul", "ol"}:
            self._numbers.append(0 if tag == "ol" else None)
        elif tag == "li":
            number = self._numbers.pop() if self._numbers else None
            number = None if number is None else number + 1
            self._numbers.append(number)
            self._parts.append("\n- " if number is None else f"\n{number}. ")
        elif tag in {"p", "br", "h3", "h4", "blockquote"}:
            self._parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        """End the line where the tag does."""
        if tag in {"ul", "ol"} and self._numbers:
            self._numbers.pop()
        if tag in {"p", "ul", "ol", "h3", "h4", "blockquote"}:
            self._parts.append("\n")

    def handle_data(self, data: str) -> None:
        """Words, with their blanks as a browser would show them."""
        self._parts.append(re.sub(r"[ \t\r\n\f]+", " ", data))

    @property
    def text(self) -> str:
        """What was collected, without empty lines."""
        lines = (line.strip() for line in "".join(self._parts).splitlines())
        # An entry whose words stand in a paragraph of their own continues on its line.
        return re.sub(r"(?m)^(-|\d+\.)\n(?!-|\d+\.)", r"\1 ", "\n".join(line for line in lines if line))
