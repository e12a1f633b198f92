"""The prescription sheet as a PDF: what can be read in it, how it is built, and what it refuses."""

import builtins
import io
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pikepdf
import pypdf
import pytest

from prescriptions.pdf import (
    Clinic,
    PdfUnavailable,
    Prescriber,
    PrescriptionSheet,
    SheetItem,
    SheetPatient,
    document,
    fonts,
    render,
)
from prescriptions.pdf.words import birth_date_with_age, civil_date, date_and_time

ISSUED = datetime(2026, 11, 22, 14, 5, tzinfo=UTC)
ITEM = SheetItem(
    name="Amoxicillin",
    strength="500 mg",
    dose="1 capsule",
    route="PO",
    frequency="TDS",
    duration="5 days",
    quantity=Decimal("15.00"),
    unit="capsules",
    refills=0,
    instructions="Finish the course even when you feel better.",
    warnings=("Ask for help at once if a rash appears.",),
    valid_until=date(2027, 5, 22),
    issued_at=ISSUED,
)
SHEET = PrescriptionSheet(
    number="RX-2026-000123",
    clinic=Clinic("Harbour Street Clinic", "12 Harbour Street\nSpringfield", "+44 20 7946 0018"),
    patient=SheetPatient("OKAFOR, Ngozi", date(1990, 6, 15), "female", "MC-004217", "7 Mill Lane"),
    prescriber=Prescriber("Dr Jana Nováková", "General practice", "GMC 7012345"),
    items=(ITEM,),
    issued_at=ISSUED,
)


def pages(sheet: PrescriptionSheet) -> list[str]:
    """The text of each page, with every kind of space as one ordinary space."""
    reader = pypdf.PdfReader(io.BytesIO(render(sheet)))
    return [re.sub(r"\s+", " ", page.extract_text()) for page in reader.pages]


def text(sheet: PrescriptionSheet) -> str:
    return " ".join(pages(sheet))


def with_items(*items: SheetItem) -> PrescriptionSheet:
    return replace(SHEET, items=items)


@pytest.fixture(scope="module")
def pdf() -> Iterator[pikepdf.Pdf]:
    with pikepdf.open(io.BytesIO(render(SHEET))) as opened:
        yield opened


# --- What it says ----------------------------------------------------------------------------------------------------


def test_everything_on_the_sheet_can_be_read_in_the_order_of_reading() -> None:
    expected = [
        "Harbour Street Clinic",
        "12 Harbour Street",
        "Telephone +44 20 7946 0018",
        "Prescription",
        "Number: RX-2026-000123",
        "Issued: 22-Nov-2026 14:05 UTC",
        "Medicines on this sheet: 1 (one)",
        "OKAFOR, Ngozi",
        "Born: 15-Jun-1990 (36 years)",
        "Sex: female",
        "Record: MC-004217",
        "Address: 7 Mill Lane",
        "Dr Jana Nováková",
        "Specialization: General practice",
        "Licence: GMC 7012345",
        "Amoxicillin 500 mg",
        "1 capsule by mouth three times a day for 5 days",
        "Finish the course even when you feel better.",
        "Warning: Ask for help at once if a rash appears.",
        "15 capsules",
        "(fifteen)",
        "none",
        "22-May-2027",
        "End of prescription",
        "Electronically issued by Dr Jana Nováková",
    ]
    read = text(SHEET)

    position = 0
    for words in expected:
        assert words in read[position:], words
        position = read.index(words, position) + len(words)


def test_unknown_values_are_said_to_be_not_recorded() -> None:
    sheet = PrescriptionSheet(
        "", Clinic("Clinic"), SheetPatient("Smith, Jo"), None, (SheetItem("Ibuprofen 400mg", status="unknown"),)
    )
    read = text(sheet)

    assert "Number: not recorded" in read
    assert "Issued: not recorded" in read
    assert "Born: not recorded" in read
    assert "Sex: not recorded" in read
    assert "Prescriber not recorded" in read
    assert "Electronically issued" not in read
    assert "STATUS NOT RECORDED" in read
    assert "Ibuprofen 400mg Not recorded: dose, route, frequency, duration not recorded" in read


def test_a_prescriber_without_a_licence_says_so() -> None:
    assert "Licence: not recorded" in text(replace(SHEET, prescriber=Prescriber("Dr Jana Nováková")))


@pytest.mark.parametrize(
    ("status", "stamp"),
    [
        ("cancelled", "No. 1 CANCELLED: do not dispense"),
        ("expired", "No. 1 EXPIRED: do not dispense"),
        ("completed", "No. 1 COMPLETED: no further supply"),
    ],
)
def test_an_item_that_is_not_active_is_stamped_before_its_name(status: Any, stamp: str) -> None:
    read = text(with_items(replace(ITEM, status=status)))

    assert read.index(stamp) < read.index("Amoxicillin")


def test_an_active_item_is_not_stamped_and_void_ones_are_counted() -> None:
    read = text(with_items(ITEM, replace(ITEM, status="cancelled"), replace(ITEM, status="expired")))

    assert "No. 1 CANCELLED" not in read
    assert "Medicines on this sheet: 3 (three), 2 (two) not to be dispensed" in read


def test_text_with_markup_is_printed_as_it_was_written() -> None:
    markup = "<b>bold</b> & <script>alert(1)</script> {{ sheet.number }} {% debug %}"

    assert markup in text(with_items(replace(ITEM, instructions=markup)))


def test_names_in_other_scripts_are_printed_completely() -> None:
    read = text(replace(SHEET, patient=replace(SHEET.patient, name="Ζωή Щукина Łódź Ñ ạ 张伟 한국 हिन्दी محمد")))

    for word in ("Ζωή", "Щукина", "Łódź", "Ñ", "ạ", "张伟", "한국"):
        assert word in read
    assert fonts.MARK_FOR_A_MISSING_LETTER not in read
    assert "could not be printed" not in read


def test_a_letter_without_a_glyph_is_marked_and_the_sheet_says_so() -> None:
    read = text(replace(SHEET, patient=replace(SHEET.patient, name="Coptic Ⲁⲃ")))

    assert "Coptic \ufffd\ufffd" in read
    assert "stands for a letter that could not be printed" in read


def test_characters_that_turn_the_direction_of_text_are_dropped_and_nul_is_a_space() -> None:
    read = text(with_items(replace(ITEM, instructions="take \u202e5\u202c mg\x00daily")))

    assert "take 5 mg daily" in read


def test_a_quantity_beyond_words_is_printed_in_figures() -> None:
    assert "12000 capsules" in text(with_items(replace(ITEM, quantity=Decimal(12000))))


def test_an_item_issued_on_another_day_than_the_sheet_says_when() -> None:
    earlier = replace(ITEM, issued_at=datetime(2026, 10, 1, tzinfo=UTC))

    assert "Issued 01-Oct-2026" in text(with_items(earlier))


def test_a_verification_code_is_printed_when_there_is_one() -> None:
    assert "Verification code" not in text(SHEET)
    assert "Verification code 7F3K-9QXD" in text(replace(SHEET, verification_code="7F3K-9QXD"))


def test_a_sheet_without_items_is_refused() -> None:
    with pytest.raises(ValueError, match="without items"):
        render(with_items())


@pytest.mark.parametrize(
    ("born", "on", "printed"),
    [
        (date(1990, 6, 15), date(2026, 6, 14), "15-Jun-1990 (35 years)"),
        (date(1990, 6, 15), date(2026, 6, 15), "15-Jun-1990 (36 years)"),
        (date(2026, 10, 20), date(2026, 11, 20), "20-Oct-2026 (1 month)"),
        (date(2024, 12, 1), date(2026, 11, 22), "01-Dec-2024 (23 months)"),
        (date(2030, 1, 1), date(2026, 11, 22), "01-Jan-2030"),
        (date(1990, 6, 15), None, "15-Jun-1990"),
        (None, date(2026, 11, 22), "not recorded"),
    ],
)
def test_the_age_stands_beside_the_birth_date(born: date | None, on: date | None, printed: str) -> None:
    assert birth_date_with_age(born, on) == printed


def test_dates_do_not_depend_on_the_locale_and_a_time_names_its_zone() -> None:
    assert civil_date(date(2026, 3, 1)) == "01-Mar-2026"
    assert date_and_time(ISSUED) == "22-Nov-2026 14:05 UTC"


# --- How it is laid out ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("page_size", "points"), [("A4", (595, 842)), ("Letter", (612, 792))])
def test_the_page_has_the_size_that_was_asked_for(page_size: Any, points: tuple[int, int]) -> None:
    page = pypdf.PdfReader(io.BytesIO(render(replace(SHEET, page_size=page_size)))).pages[0]

    assert (round(float(page.mediabox.width)), round(float(page.mediabox.height))) == points


@pytest.mark.parametrize("page_size", ["A4", "Letter"])
def test_three_ordinary_medicines_fit_on_one_page(page_size: Any) -> None:
    assert len(pages(replace(SHEET, items=(ITEM,) * 3, page_size=page_size))) == 1


def test_every_page_names_the_patient_the_sheet_and_its_own_number() -> None:
    read = pages(with_items(*(ITEM,) * 40))

    assert len(read) > 3
    for number, page in enumerate(read, 1):
        assert "OKAFOR, Ngozi" in page
        assert "born 15-Jun-1990" in page
        assert "Prescription RX-2026-000123" in page
        assert f"Page {number} of {len(read)}" in page


def test_an_item_is_never_split_between_two_pages() -> None:
    items = [
        replace(
            ITEM, name=f"Medicine{number:02}", instructions=f"Begin{number:02} {'words ' * (number * 9)}End{number:02}"
        )
        for number in range(1, 25)
    ]
    read = pages(with_items(*items))

    for number in range(1, 25):
        (page,) = [page for page in read if f"Medicine{number:02}" in page]
        assert f"Begin{number:02}" in page
        assert f"End{number:02}" in page


def test_an_item_longer_than_a_page_is_printed_to_its_end() -> None:
    read = pages(with_items(replace(ITEM, instructions="word " * 2500 + "LASTWORD"), ITEM))

    assert sum("LASTWORD" in page for page in read) == 1
    assert sum(page.count("word ") for page in read) >= 2500


def test_the_stylesheet_is_black_on_white_and_nowhere_below_ten_points() -> None:
    css = Path(document.__file__).parents[2] / "templates/prescriptions/pdf/prescription.css"
    rules = css.read_text(encoding="utf-8")

    assert min(float(size) for size in re.findall(r"font-size:\s*([\d.]+)pt", rules)) >= 10
    assert set(re.findall(r"#[0-9a-fA-F]{3,8}\b", rules)) <= {"#000", "#fff"}


def test_the_stylesheet_sets_no_font_feature_because_each_would_leak_memory() -> None:
    css = Path(document.__file__).parents[2] / "templates/prescriptions/pdf/prescription.css"
    rules = re.sub(r"/\*.*?\*/", "", css.read_text(encoding="utf-8"), flags=re.DOTALL)

    assert "font-size" in rules
    assert not re.search(r"font-(variant|feature|kerning)[\w-]*\s*:", rules)


# --- How it is built -------------------------------------------------------------------------------------------------


def test_it_is_tagged_titled_and_has_a_language(pdf: pikepdf.Pdf) -> None:
    assert bool(pdf.Root.MarkInfo.Marked)
    assert str(pdf.Root.Lang) == "en"
    assert bool(pdf.Root.ViewerPreferences.DisplayDocTitle)
    assert str(pdf.docinfo["/Title"]) == "Prescription"


def test_it_declares_archivable_and_accessible_in_one_well_formed_metadata_record(pdf: pikepdf.Pdf) -> None:
    metadata = pdf.open_metadata()

    assert metadata["pdfaid:part"] == "3"
    assert metadata["pdfaid:conformance"] == "A"
    assert metadata["{http://www.aiim.org/pdfua/ns/id/}part"] == "1"
    assert metadata["dc:title"] == "Prescription"
    assert pdf.Root.OutputIntents[0].S == "/GTS_PDFA1"
    assert "/ID" in pdf.trailer


def test_headings_and_table_are_real_and_every_cell_knows_its_headers(pdf: pikepdf.Pdf) -> None:
    elements = list(structure(pdf.Root.StructTreeRoot.K))
    roles = [str(element.S) for element in elements]
    headers = {bytes(element.ID) for element in elements if element.S == "/TH"}
    cells = [element for element in elements if element.S == "/TD"]

    assert [role for role in roles if role in ("/H1", "/H2")] == ["/H1", "/H2", "/H2", "/H2", "/H2"]
    assert len(headers) == len(cells) == 5
    assert {bytes(header) for cell in cells for header in cell.A.Headers} == headers


def structure(node: Any) -> Iterator[Any]:
    if isinstance(node, pikepdf.Array):
        for child in node:
            yield from structure(child)
    elif isinstance(node, pikepdf.Dictionary) and "/S" in node:
        yield node
        yield from structure(node.get("/K", pikepdf.Array()))


def test_only_packaged_fonts_are_used_and_all_are_embedded() -> None:
    sheet = replace(SHEET, patient=replace(SHEET.patient, name="张伟 محمد Иванова"))
    names = set()
    with pikepdf.open(io.BytesIO(render(sheet))) as opened:
        for page in opened.pages:
            for font in page.Resources.Font.values():
                descriptor = font.DescendantFonts[0].FontDescriptor
                assert "/FontFile2" in descriptor or "/FontFile3" in descriptor
                assert "/ToUnicode" in font
                names.add(str(font.BaseFont).partition("+")[2])

    assert {"Sheet", "Sheet-Bold", "Sheet-Arabic-Bold", "Sheet-CJK-Bold"} <= names
    assert all(name.startswith("Sheet") for name in names)


def test_the_metadata_holds_nothing_about_the_patient(pdf: pikepdf.Pdf) -> None:
    held = pdf.Root.Metadata.read_bytes().decode() + repr({key: str(value) for key, value in pdf.docinfo.items()})

    for detail in ("OKAFOR", "Ngozi", "1990", "MC-004217", "Amoxicillin", "RX-2026"):
        assert detail not in held


def test_the_same_sheet_gives_the_same_bytes_in_every_thread() -> None:
    results: list[bytes] = []
    threads = [threading.Thread(target=lambda: results.append(render(SHEET))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(results) == 3
    assert set(results) == {render(SHEET)}


# --- What it refuses -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url", ["https://example.org/logo.png", "file:///etc/passwd", "data:text/css,p{}", "packaged-font:x"]
)
def test_nothing_but_the_packaged_fonts_is_ever_opened(url: str) -> None:
    from weasyprint.urls import FatalURLFetchingError

    with pytest.raises(FatalURLFetchingError, match="outside the packaged fonts"):
        document._fetcher().fetch(url)


@pytest.mark.parametrize("error", [ImportError("no module"), OSError("cannot load library 'libpango-1.0-0'")])
def test_a_machine_without_pango_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    original: Callable[..., Any] = builtins.__import__

    def refuse(
        name: str,
        globals: Mapping[str, object] | None = None,  # noqa: A002  # the signature of __import__
        locals: Mapping[str, object] | None = None,  # noqa: A002  # the signature of __import__
        fromlist: Sequence[str] = (),
        level: int = 0,
    ) -> Any:
        if name == "weasyprint":
            raise error
        return original(name, globals, locals, fromlist, level)

    document._weasyprint.cache_clear()
    monkeypatch.setattr(builtins, "__import__", refuse)
    try:
        with pytest.raises(PdfUnavailable, match=r"apt-get install libpangoft2-1\.0-0"):
            render(SHEET)
    finally:
        document._weasyprint.cache_clear()


def test_a_missing_font_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        fonts, "FONTS", (replace(fonts.FONTS[0], package="no_such_package", distribution="some-fonts"),)
    )
    fonts.installed_fonts.cache_clear()
    try:
        with pytest.raises(PdfUnavailable, match="pip install some-fonts"):
            render(SHEET)
    finally:
        fonts.installed_fonts.cache_clear()
