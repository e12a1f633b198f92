"""Signing a finished PDF (PAdES baseline B, ISO 32000 with ETSI EN 319 142), so that a changed sheet is noticed.

The signature is an incremental update: the bytes before it, with their tags and declarations, stay as they are. It has
no picture on the page; readers show it in their own panel.
"""

import io
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    KeySerializationEncryption,
    NoEncryption,
    pkcs12,
)
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from pyhanko.sign.signers import SimpleSigner

DEVELOPMENT = "MediChat DEVELOPMENT KEY - NOT VALID"
"""The name on certificates that the program makes for development: nobody answers for such a signature."""
_FIELD = "Signature"
_VALID_FOR = timedelta(days=5 * 365)


class SigningKeyError(ValueError):
    """The signing key cannot be used; the message says why, without anything of the key."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key with its certificate and chain: a PKCS #12 file, as certification authorities hand it out."""

    content: bytes
    passphrase: str = ""

    def __repr__(self) -> str:
        return "<signing key>"

    def certificate(self) -> x509.Certificate:
        """The certificate of whoever signs. Raises SigningKeyError when the file cannot be opened or is incomplete."""
        try:
            key, certificate, _chain = pkcs12.load_key_and_certificates(
                self.content, self.passphrase.encode() if self.passphrase else None
            )
        except ValueError:
            raise SigningKeyError("it is no PKCS #12 file, or the passphrase is wrong") from None
        if key is None or certificate is None:
            raise SigningKeyError("it lacks the private key or the certificate")
        return certificate

    @property
    def signer_name(self) -> str:
        """Whose certificate it is: organisation, else common name."""
        subject = self.certificate().subject
        for kind in (NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME):
            for attribute in subject.get_attributes_for_oid(kind):
                return str(attribute.value)
        return subject.rfc4514_string()

    @property
    def is_development(self) -> bool:
        """Whether it is one that the program made for development."""
        return any(attribute.value == DEVELOPMENT for attribute in self.certificate().subject)

    def refuse_expired(self, now: datetime) -> None:
        """Raise SigningKeyError outside of the time for which the certificate is valid."""
        certificate = self.certificate()
        if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
            raise SigningKeyError(f"its certificate is valid until {certificate.not_valid_after_utc:%Y-%m-%d} only")


def new_signing_key(name: str, *, passphrase: str = "", now: datetime | None = None) -> SigningKey:
    """A key with a certificate that it signed itself, valid for five years: readers call its signer unknown."""
    now = now or datetime.now(UTC)
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name(
        [x509.NameAttribute(NameOID.ORGANIZATION_NAME, name[:64]), x509.NameAttribute(NameOID.COMMON_NAME, name[:64])]
    )
    usage = x509.KeyUsage(
        digital_signature=True, content_commitment=True, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=False, crl_sign=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + _VALID_FOR)
        .add_extension(usage, critical=True)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    encryption: KeySerializationEncryption = (
        BestAvailableEncryption(passphrase.encode()) if passphrase else NoEncryption()
    )
    content = pkcs12.serialize_key_and_certificates(name.encode()[:64], key, certificate, None, encryption)
    return SigningKey(content, passphrase)


def sign(pdf: bytes, key: SigningKey, *, clinic: str, reason: str) -> bytes:
    """The PDF with the signature at its end. Raises SigningKeyError when the key cannot be used."""
    signers, fields, writer = _pyhanko()
    metadata = signers.PdfSignatureMetadata(
        field_name=_FIELD,
        md_algorithm="sha256",
        subfilter=fields.SigSeedSubFilter.PADES,
        name=DEVELOPMENT if key.is_development else key.signer_name,
        location=clinic,
        reason=f"{DEVELOPMENT}. {reason}" if key.is_development else reason,
    )
    field = fields.SigFieldSpec(
        _FIELD,
        readable_field_name="Electronic signature of the clinic",
        # What stands outside of the page is nothing that somebody who listens to the document has to hear of.
        invis_sig_settings=fields.InvisSigSettings(box_out_of_bounds=True),
    )
    signed = signers.PdfSigner(metadata, signer=_signer(key), new_field_spec=field).sign_pdf(writer(io.BytesIO(pdf)))
    content: bytes = signed.getvalue()
    return content


@cache
def _pyhanko() -> tuple[Any, Any, Any]:
    """Imported when something is signed: it takes a third of a second, and most processes never do."""
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign import fields, signers

    return signers, fields, IncrementalPdfFileWriter


@cache
def _signer(key: SigningKey) -> "SimpleSigner":
    from pyhanko.sign.signers import SimpleSigner

    key.certificate()
    signer = SimpleSigner.load_pkcs12_data(
        key.content, other_certs=[], passphrase=key.passphrase.encode() if key.passphrase else None
    )
    if not isinstance(signer, SimpleSigner):
        raise SigningKeyError("it is no PKCS #12 file, or the passphrase is wrong")
    return signer
