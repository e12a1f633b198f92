"""A stand-in for ClamAV's clamd: speaks INSTREAM on a socket, knows one virus, and can misbehave."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from tests.conversations.hostile import EICAR


@dataclass
class Scanner:
    """What it does and what it got. ``silent``: it never answers. ``reply``: always this."""

    address: str
    reply: bytes = b""
    silent: bool = False
    limit: int = 50 * 1024 * 1024
    received: list[bytes] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def serve(self, listener: socket.socket) -> None:
        """Answer one connection after another until it is stopped."""
        while not self.stop.is_set():
            with suppress(TimeoutError):
                connection, _ = listener.accept()
                with connection, suppress(OSError):
                    connection.settimeout(5)
                    self.answer(connection)

    def answer(self, connection: socket.socket) -> None:
        """One command: its name, chunks with their length in front, a length of nothing."""
        assert read(connection, 10) == b"zINSTREAM\0"
        content = b""
        while length := int.from_bytes(read(connection, 4), "big"):
            if len(content) + length > self.limit:
                connection.sendall(b"INSTREAM size limit exceeded. ERROR\0")
                return
            content += read(connection, length)
        self.received.append(content)
        if self.silent:
            self.stop.wait(5)
        elif self.reply:
            connection.sendall(self.reply)
        else:
            connection.sendall(b"stream: Eicar-Signature FOUND\0" if EICAR in content else b"stream: OK\0")


def read(connection: socket.socket, size: int) -> bytes:
    """Exactly so many bytes."""
    content = b""
    while len(content) < size:
        part = connection.recv(size - len(content))
        if not part:
            raise OSError("the other side went away")
        content += part
    return content


@contextmanager
def running(address: str) -> Iterator[Scanner]:
    """A scanner at the path of a socket, or on any free port when the address is empty."""
    family = socket.AF_UNIX if address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.bind(address or ("127.0.0.1", 0))
        listener.listen()
        listener.settimeout(0.1)
        scanner = Scanner(address or f"127.0.0.1:{listener.getsockname()[1]}")
        thread = threading.Thread(target=scanner.serve, args=[listener])
        thread.start()
        try:
            yield scanner
        finally:
            scanner.stop.set()
            thread.join()
