"""Switching the record of activity off, to see what it costs. Only the bench does so, on a clinic that is made up."""

import importlib
from collections.abc import Iterator
from contextlib import contextmanager

from django.dispatch import Signal

_MODULES = ("accounts.signals", "records.signals", "conversations.signals", "prescriptions.signals")


def _signals() -> Iterator[Signal]:
    for name in _MODULES:
        module = importlib.import_module(name)
        yield from {id(value): value for value in vars(module).values() if isinstance(value, Signal)}.values()


def silence() -> list[tuple[Signal, list[object]]]:
    """From now on nobody listens to what the apps say has happened; returns who did."""
    heard = [(signal, signal.receivers) for signal in _signals()]
    for signal, _receivers in heard:
        _set(signal, [])
    return heard


@contextmanager
def no_record() -> Iterator[None]:
    """Silence within the block."""
    heard = silence()
    try:
        yield
    finally:
        for signal, receivers in heard:
            _set(signal, receivers)


def _set(signal: Signal, receivers: list[object]) -> None:
    signal.receivers = receivers
    signal.sender_receivers_cache.clear()
