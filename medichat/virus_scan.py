"""Asking ClamAV about a file, over its socket (``CLAMAV_SOCKET``), with the command INSTREAM.

The scanner is another service: it is asked between transactions (``medichat.responses.BetweenTransactions``). Without
the setting nothing is scanned. With it, a scanner that cannot be asked means that nothing is accepted.
"""

import logging
import socket
import time
from dataclasses import dataclass
from typing import BinaryIO

from django.conf import settings

logger = logging.getLogger(__name__)

CHUNK_BYTES = 64 * 1024
_LONGEST_REPLY = 4096
_LENGTH_BYTES = 4


class ScannerUnavailable(Exception):  # noqa: N818 -- the state of the scanner, in the words that a page uses
    """The scanner could not be asked, or could not say; the operators' log says why."""


@dataclass(frozen=True)
class Verdict:
    """What the scanner found: the name of what it knows, or nothing."""

    found: str = ""

    @property
    def is_clean(self) -> bool:
        """Whether nothing was found."""
        return not self.found


def is_configured() -> bool:
    """Whether files are to be scanned."""
    return bool(settings.CLAMAV_SOCKET)


def scan(file: BinaryIO) -> Verdict:
    """Ask the scanner about the whole file; its position is the beginning afterwards.

    Raises ScannerUnavailable when there is no clear answer within ``settings.CLAMAV_TIMEOUT_SECONDS`` in all.
    """
    deadline = time.monotonic() + settings.CLAMAV_TIMEOUT_SECONDS
    file.seek(0)
    try:
        with _connected(deadline) as scanner:
            reply = _ask(scanner, file, deadline)
    except (OSError, ValueError) as error:
        raise _unavailable(
            f"{type(error).__name__}: {error}. Is clamd running, and does CLAMAV_SOCKET name its socket?"
        ) from None
    finally:
        file.seek(0)
    said = reply.partition(": ")[2]
    if said == "OK":
        return Verdict()
    if said.endswith(" FOUND"):
        return Verdict(found=said.removesuffix(" FOUND"))
    if "size limit exceeded" in reply:
        raise _unavailable("clamd refuses files of this size. Set StreamMaxLength in clamd.conf to 50M or more.")
    raise _unavailable(f"clamd answered {reply[:200]!r}.")


def _unavailable(why: str) -> ScannerUnavailable:
    logger.error("An uploaded file was not scanned, so it is refused: %s", why)
    return ScannerUnavailable(why)


def _connected(deadline: float) -> socket.socket:
    """``/run/clamav/clamd.ctl`` or ``unix:/run/clamav/clamd.ctl`` is a socket on this machine, ``host:port`` is not."""
    address: str = settings.CLAMAV_SOCKET.removeprefix("unix:")
    if address.startswith("/"):
        scanner = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            scanner.settimeout(_left(deadline))
            scanner.connect(address)
        except OSError:
            scanner.close()
            raise
        return scanner
    host, _, port = address.removeprefix("tcp://").rpartition(":")
    if not host or not port.isdecimal():
        raise ValueError("CLAMAV_SOCKET must be the path of a socket or host:port")
    return socket.create_connection((host.strip("[]"), int(port)), timeout=_left(deadline))


def _ask(scanner: socket.socket, file: BinaryIO, deadline: float) -> str:
    """Send the file in chunks, each with its length in front, a length of nothing at the end; return the reply."""
    try:
        _send(scanner, b"zINSTREAM\0", deadline)
        while chunk := file.read(CHUNK_BYTES):
            _send(scanner, len(chunk).to_bytes(_LENGTH_BYTES, "big") + chunk, deadline)
        _send(scanner, bytes(_LENGTH_BYTES), deadline)
    except (BrokenPipeError, ConnectionResetError):
        pass  # beyond its size limit clamd stops listening; why, stands in its reply
    reply = b""
    while not reply.endswith(b"\0") and len(reply) < _LONGEST_REPLY:
        scanner.settimeout(_left(deadline))
        part = scanner.recv(_LONGEST_REPLY)
        if not part:
            break
        reply += part
    return reply.rstrip(b"\0\n").decode("utf-8", "replace")


def _send(scanner: socket.socket, data: bytes, deadline: float) -> None:
    scanner.settimeout(_left(deadline))
    scanner.sendall(data)


def _left(deadline: float) -> float:
    """Seconds until the deadline. Raises TimeoutError when it has passed."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("no answer within CLAMAV_TIMEOUT_SECONDS")
    return left
