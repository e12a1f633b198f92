"""An uploaded file is asked about before anything opens it, where a virus scanner is configured."""

import logging
from functools import partial
from typing import Any, BinaryIO, cast

from django.core.files.uploadedfile import UploadedFile
from django.db import connection
from django.dispatch import Signal

from medichat import virus_scan
from medichat.file_checks import NotScanned, UnacceptableFile
from medichat.responses import BetweenTransactions

logger = logging.getLogger(__name__)

# The scanner knows a file: ``found`` (the scanner's name for it), ``where`` ('upload' or 'import'), ``file_id`` (of an
# imported file, else None).
virus_found = Signal()


def refuse_infected(uploaded_file: "UploadedFile[Any]") -> None:
    """Return when the scanner, if there is one, knows nothing against the file; what it says is kept with the file.

    Raises UnacceptableFile for a file with a virus, NotScanned where the scanner cannot be asked, and once, inside a
    transaction, BetweenTransactions: asking takes a while.
    """
    if not virus_scan.is_configured():
        return
    verdict = getattr(uploaded_file, "verdict", None)
    if verdict is None and connection.in_atomic_block:
        raise BetweenTransactions(partial(_scan, uploaded_file))
    if verdict is None:
        verdict = _scan(uploaded_file)
    if isinstance(verdict, virus_scan.ScannerUnavailable):
        raise NotScanned(
            "Files cannot be checked for viruses at the moment, so none can be attached. What you typed is still "
            "here. Please try again later, or send your message without the file."
        )
    if not verdict.is_clean:
        virus_found.send(UploadedFile, found=verdict.found, where="upload", file_id=None)
        raise UnacceptableFile(
            "A virus was found in this file, so it was not attached. Check your device with a virus scanner."
        )


def _scan(uploaded_file: "UploadedFile[Any]") -> virus_scan.Verdict | virus_scan.ScannerUnavailable:
    """Ask the scanner and keep what it says with the file."""
    verdict: virus_scan.Verdict | virus_scan.ScannerUnavailable
    try:
        verdict = virus_scan.scan(cast(BinaryIO, uploaded_file.file))
    except virus_scan.ScannerUnavailable as failure:
        verdict = failure
    else:
        if not verdict.is_clean:
            logger.warning("An uploaded file was refused: the scanner found %s.", verdict.found)
    uploaded_file.verdict = verdict  # type: ignore[attr-defined]  # our own mark on the file
    return verdict
