"""The electronic signature of a prescription's PDF, and the key it is made with."""

import io
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pikepdf
import pypdf
import pytest
from asn1crypto import x509
from cryptography.hazmat.primitives.serialization import Encoding
from django.core.exceptions import ImproperlyConfigured
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.status import PdfSignatureStatus, SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext
from pytest_django import Settings

from prescriptions import signing_key
from prescriptions.pdf import render
from prescriptions.pdf.signing import DEVELOPMENT, SigningKey, SigningKeyError, new_signing_key, sign
from prescriptions.sheets import signed_pdf
from tests.prescriptions.test_pdf_document import SHEET


@pytest.fixture(scope="module")
def key() -> SigningKey:
    """A clinic's own key."""
    return new_signing_key("Harbour Street Clinic", passphrase="a boat in the fog")


@pytest.fixture(scope="module")
def unsigned() -> bytes:
    """A sheet as it is printed."""
    return render(SHEET)


@pytest.fixture(scope="module")
def signed(unsigned: bytes, key: SigningKey) -> bytes:
    """The same with a signature."""
    return sign(unsigned, key, clinic="Harbour Street Clinic", reason="Prescription")


def status_of(pdf: bytes, key: SigningKey) -> PdfSignatureStatus:
    """What a validator that trusts this key's certificate says of the only signature."""
    trusted = x509.Certificate.load(key.certificate().public_bytes(Encoding.DER))
    (signature,) = PdfFileReader(io.BytesIO(pdf)).embedded_signatures
    return validate_pdf_signature(signature, ValidationContext(trust_roots=[trusted], allow_fetching=False))


def test_a_validator_finds_it_valid_trusted_and_over_the_whole_file(signed: bytes, key: SigningKey) -> None:
    status = status_of(signed, key)

    assert status.intact
    assert status.valid
    assert status.trusted
    assert status.coverage == SignatureCoverageLevel.ENTIRE_FILE


def test_it_is_pades(signed: bytes) -> None:
    (signature,) = PdfFileReader(io.BytesIO(signed)).embedded_signatures

    assert signature.sig_object["/SubFilter"] == "/ETSI.CAdES.detached"
    attributes = {attribute["type"].native for attribute in signature.signer_info["signed_attrs"]}
    assert {"message_digest", "signing_certificate_v2"} <= attributes


def test_a_changed_letter_is_noticed(signed: bytes, key: SigningKey) -> None:
    place = signed.index(b"/MediaBox")
    changed = signed[: place - 1] + bytes([signed[place - 1] ^ 1]) + signed[place:]

    assert not status_of(changed, key).intact


def test_another_s_certificate_is_not_trusted(signed: bytes) -> None:
    assert not status_of(signed, new_signing_key("Somebody else")).trusted


def test_tags_and_declarations_stay_and_the_signature_lies_outside_of_the_page(unsigned: bytes, signed: bytes) -> None:
    assert signed.startswith(unsigned), "an incremental update changes nothing of what was there"
    with pikepdf.open(io.BytesIO(signed)) as document:
        assert document.Root.MarkInfo.Marked
        assert "/StructTreeRoot" in document.Root
        with document.open_metadata() as metadata:
            assert metadata.pdfa_status == "3A"
            assert "pdfuaid:part" in str(metadata)
        (field,) = document.Root.AcroForm.Fields
        assert str(field.TU) == "Electronic signature of the clinic"
        assert int(field.F) & 2 == 0, "PDF/A knows no hidden annotation"
        left, bottom, *_ = (float(number) for number in field.Rect)
        assert left < 0 or bottom < 0


def test_the_development_key_is_marked_on_the_sheet_and_in_the_signature(settings: Settings) -> None:
    settings.PRESCRIPTION_SIGNING_KEY = ""
    development = signing_key.clinic_key()
    assert development.is_development
    assert development is signing_key.clinic_key(), "made once"

    pdf = signed_pdf(replace(SHEET, signed_by=development.signer_name, has_development_signature=True))

    text = re.sub(r"\s+", " ", pypdf.PdfReader(io.BytesIO(pdf)).pages[0].extract_text())
    assert "DEVELOPMENT KEY" in text
    assert "Do not dispense" in text
    (signature,) = PdfFileReader(io.BytesIO(pdf)).embedded_signatures
    assert signature.sig_object["/Name"] == DEVELOPMENT
    assert str(signature.sig_object["/Reason"]).startswith(DEVELOPMENT)


def test_the_clinic_s_own_key_signs_in_its_name(settings: Settings, key: SigningKey) -> None:
    settings.PRESCRIPTION_SIGNING_KEY = signing_key.encode(key)
    settings.PRESCRIPTION_SIGNING_PASSPHRASE = "a boat in the fog"

    pdf = signed_pdf(SHEET)

    assert status_of(pdf, key).trusted
    (signature,) = PdfFileReader(io.BytesIO(pdf)).embedded_signatures
    assert signature.sig_object["/Name"] == "Harbour Street Clinic"
    signing_key.refuse_unusable_key()


@pytest.mark.parametrize(
    ("value", "passphrase", "said"),
    [
        ("", "", "is not set"),
        ("no base64!", "", "it is no base64"),
        ("bm90aGluZw==", "", "no PKCS #12 file"),
        ("own", "wrong", "passphrase is wrong"),
        ("development", "", "development key"),
    ],
)
def test_production_refuses_what_will_not_do_and_says_what_to_do(
    settings: Settings, key: SigningKey, value: str, passphrase: str, said: str
) -> None:
    known = {"own": signing_key.encode(key), "development": signing_key.encode(new_signing_key(DEVELOPMENT))}
    settings.PRESCRIPTION_SIGNING_KEY = known.get(value, value)
    settings.PRESCRIPTION_SIGNING_PASSPHRASE = passphrase

    with pytest.raises(ImproperlyConfigured, match=said) as refusal:
        signing_key.refuse_unusable_key()

    assert "PRESCRIPTION_SIGNING_KEY" in str(refusal.value)
    assert "generate_secrets" in str(refusal.value)
    assert value in {"", "own", "development"} or value not in str(refusal.value)


def test_a_certificate_that_is_over_is_named_with_its_last_day() -> None:
    old = new_signing_key("Old Clinic", now=datetime.now(UTC) - timedelta(days=6 * 365))

    with pytest.raises(SigningKeyError, match="until 20"):
        old.refuse_expired(datetime.now(UTC))
