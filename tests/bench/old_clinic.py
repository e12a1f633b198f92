"""Writes the made-up clinic of the previous system as a dump: ``python -m tests.bench.old_clinic FOLDER [SCALE]``.

At scale 1: 50,000 users, 100,000 conversations with 1.7 million messages, 1 million entries of the log (about 1.2 GB).
"""

import sys
from pathlib import Path

from tests.legacy.generator import FULL, OldClinic, Size


def of_scale(scale: float) -> Size:
    """A clinic of this share of the full size; never so small that a kind of dirt is missing."""
    least = 200
    return Size(
        users=max(least, round(FULL.users * scale)),
        conversations=max(least, round(FULL.conversations * scale)),
        logs=max(least, round(FULL.logs * scale)),
        messages=FULL.messages,
    )


if __name__ == "__main__":
    OldClinic(of_scale(float(sys.argv[2]) if len(sys.argv) > 2 else 1.0)).write_dump(Path(sys.argv[1]))
