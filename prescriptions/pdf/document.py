"""From the sheet to the bytes of the PDF."""

import logging
import threading
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

from django.template import Context, Engine, Template

from prescriptions.pdf.fonts import PdfUnavailable, Printable, installed_fonts, one_weight
from prescriptions.pdf.sheet import PageSize, PrescriptionSheet
from prescriptions.pdf.words import printed_sheet

if TYPE_CHECKING:
    import weasyprint
    from weasyprint.text.fonts import FontConfiguration

_TEMPLATES = Path(__file__).resolve().parent.parent.parent / "templates"
_FOLDER = "prescriptions/pdf"
# The only picture: the square pattern, drawn by ``words.square_pattern``. What somebody typed is text and never markup.
_PICTURE = "data:image/svg+xml;charset=utf-8,"
_SVG = {"Content-Type": "image/svg+xml"}

# PDF/UA-1 is declared beside PDF/A-3a; PDF/A asks that a schema it does not know is described where it is used.
_UA_IDENTIFICATION = b"""
<rdf:Description rdf:about="" xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/"><pdfuaid:part>1</pdfuaid:part></rdf:Description>
<rdf:Description rdf:about="" xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/" \
xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#" xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#">
<pdfaExtension:schemas><rdf:Bag><rdf:li rdf:parseType="Resource">
<pdfaSchema:schema>PDF/UA identification schema</pdfaSchema:schema>
<pdfaSchema:namespaceURI>http://www.aiim.org/pdfua/ns/id/</pdfaSchema:namespaceURI>
<pdfaSchema:prefix>pdfuaid</pdfaSchema:prefix>
<pdfaSchema:property><rdf:Seq><rdf:li rdf:parseType="Resource">
<pdfaProperty:name>part</pdfaProperty:name><pdfaProperty:valueType>Integer</pdfaProperty:valueType>
<pdfaProperty:category>internal</pdfaProperty:category>
<pdfaProperty:description>Part of ISO 14289 the document conforms to</pdfaProperty:description>
</rdf:li></rdf:Seq></pdfaSchema:property>
</rdf:li></rdf:Bag></pdfaExtension:schemas></rdf:Description>
"""


def render(*sheets: PrescriptionSheet) -> bytes:
    """The PDF of one sheet, or of several one after the other, in the paper size of the first.

    Raises PdfUnavailable, naming the package to install, when this machine lacks Pango or a font package, and
    ValueError for a sheet without items.
    """
    if not sheets or not all(sheet.items for sheet in sheets):
        raise ValueError("A prescription without items cannot be printed.")
    printable = Printable()
    return _print(
        f"{_FOLDER}/prescription.html",
        f"{_FOLDER}/prescription.css",
        {"sheets": [printed_sheet(sheet, printable) for sheet in sheets]},
        printable,
        sheets[0].page_size,
    )


def print_page(template: str, stylesheet: str, values: dict[str, Any], printable: Printable) -> bytes:
    """The PDF of another document, on A4: its template gets ``page``, whose texts went through ``printable``.

    Both are paths below the folder of templates. Raises PdfUnavailable as ``render`` does.
    """
    page = {**values, "some_letters_marked": printable.marked}
    return _print(template, stylesheet, {"page": page}, printable, "A4")


def _print(
    template: str, stylesheet: str, context: dict[str, object], printable: Printable, page_size: PageSize
) -> bytes:
    weasyprint = _weasyprint()
    html = _template(template).render(Context(context))
    style, font_configuration = _style(stylesheet, page_size, frozenset(printable.families))
    document = weasyprint.HTML(string=html, url_fetcher=_fetcher()).render(
        stylesheets=[style], font_config=font_configuration
    )
    pdf: bytes = document.write_pdf(pdf_variant="pdf/a-3a", finisher=_declare_accessible)
    return pdf


@cache
def _weasyprint() -> Any:  # the module; WeasyPrint ships no types
    """WeasyPrint, imported when it is first needed: importing this package must work where Pango is missing."""
    try:
        import weasyprint
    except (ImportError, OSError) as error:
        raise PdfUnavailable(
            "Prescriptions cannot be printed because WeasyPrint does not find Pango. "
            "On Debian or Ubuntu: apt-get install libpangoft2-1.0-0; on macOS: brew install pango. "
            f"({error.__class__.__name__})"
        ) from error
    # Seven lines of progress for every sheet would bury what matters in the log of a clinic.
    logging.getLogger("weasyprint.progress").setLevel(logging.WARNING)
    return weasyprint


@cache
def _template(name: str) -> Template:
    """A template, compiled once by an engine of its own that needs no settings and escapes every value."""
    return Engine(dirs=[str(_TEMPLATES)], autoescape=True).get_template(name)


@cache
def _fetcher() -> Any:
    """Opens the packaged fonts and pictures drawn here; neither other files nor addresses on the network."""
    from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse

    fonts = {font.url(weight): (font, weight) for font in installed_fonts() for weight in font.weights}

    class PackagedFontsOnly(URLFetcher):  # type: ignore[misc]  # WeasyPrint ships no types
        def fetch(self, url: str, headers: dict[str, str] | None = None) -> Any:
            if url.startswith(_PICTURE):
                return URLFetcherResponse(url, unquote_to_bytes(url.removeprefix(_PICTURE)), _SVG)
            if url not in fonts:
                raise FatalURLFetchingError(f"A prescription refers to something outside the packaged fonts: {url}")
            font, weight = fonts[url]
            return URLFetcherResponse(url, one_weight(font, weight), {"Content-Type": "font/ttf"})

    return PackagedFontsOnly(fail_on_errors=True)


_of_this_thread = threading.local()  # Pango's font maps must not be shared between threads


def _style(
    stylesheet: str, page_size: PageSize, families: frozenset[str]
) -> "tuple[weasyprint.CSS, FontConfiguration]":
    """The parsed stylesheet with its fonts, kept per thread; large fonts are loaded for the sheets that need them."""
    styles: dict[tuple[str, PageSize, frozenset[str]], Any] | None = getattr(_of_this_thread, "styles", None)
    if styles is None:
        styles = _of_this_thread.styles = {}
    key = (stylesheet, page_size, families)
    if key not in styles:
        from weasyprint.text.fonts import FontConfiguration

        fonts = [font for font in installed_fonts() if font.family in families]
        faces = "\n".join(
            f"@font-face {{ font-family: '{font.family}'; font-weight: {weight}; src: url('{font.url(weight)}'); }}"
            for font in fonts
            for weight in font.weights
        )
        names = ", ".join(f"'{font.family}'" for font in fonts)
        css = (_TEMPLATES / stylesheet).read_text(encoding="utf-8")
        text = f"{faces}\n@page {{ size: {page_size}; font-family: {names}; }}\nhtml {{ font-family: {names}; }}\n{css}"
        configuration = FontConfiguration()
        style = _weasyprint().CSS(string=text, font_config=configuration, url_fetcher=_fetcher())
        styles[key] = (style, configuration)
    found: tuple[weasyprint.CSS, FontConfiguration] = styles[key]
    return found


def _declare_accessible(_document: object, pdf: Any) -> None:
    """Write the PDF/UA identification into the metadata that WeasyPrint made for PDF/A."""
    reference = int(pdf.catalog["Metadata"].split()[0])
    metadata = pdf.objects[reference]
    content = b"".join(part if isinstance(part, bytes) else part.encode() for part in metadata.stream)
    before, end, after = content.rpartition(b"</rdf:RDF>")
    if not end:
        raise RuntimeError("The metadata of the PDF has no RDF to add the accessibility declaration to.")
    metadata.stream = [before + _UA_IDENTIFICATION + end + after]
