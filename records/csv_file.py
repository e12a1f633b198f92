"""Tables as CSV that spreadsheet programs open without running anything."""

import csv
import io
from collections.abc import Iterable, Sequence

# With these a cell begins that a spreadsheet program takes to be a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def harmless(cell: str) -> str:
    """The cell as text: an apostrophe stands before what would be taken to be a formula."""
    return f"'{cell}" if cell.lstrip(" ").startswith(_FORMULA) or cell.startswith(_FORMULA) else cell


def as_csv(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """The table in UTF-8 with a mark by which spreadsheet programs recognise it; every cell is quoted."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_ALL)
    writer.writerow([harmless(heading) for heading in headings])
    writer.writerows([harmless(cell) for cell in row] for row in rows)
    return out.getvalue().encode("utf-8-sig")
