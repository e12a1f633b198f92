"""How a dose is written so that nobody misreads it: on every page, in the chart and on the prescription.

Pure text in, text out. A meaning is never changed: what is not understood, or could be read in two ways, stays as it
was written. The conventions (no trailing zero, a leading zero, ``micrograms`` and ``units`` written out, a thin space
between figure and unit) are those of the ISMP list of error-prone abbreviations and the NHS common user interface;
they are stated here from general knowledge and are not yet reviewed against those texts.
"""

import re

# Narrow no-break space: a figure and its unit never part at the end of a line.
THIN_SPACE = "\u202f"

# A figure that nothing touches from the left, and no separators with more digits follow.
_FIGURE = re.compile(r"(?<![\w.,·])(?P<whole>\d*)(?P<fraction>\.\d+)(?![.,·]*\d)")
_RENAMED_UNITS = {
    **dict.fromkeys(("mcg", "µg", "μg", "ug"), ("microgram", "micrograms")),  # the micro sign and the Greek letter
    **dict.fromkeys(("iu", "i.u.", "i.u", "u"), ("unit", "units")),
    "cc": ("mL", "mL"),
}
_KEPT_UNITS = ("mg", "kg", "ng", "g", "mL", "dL", "L", "mmol", "mol", "mEq", "micrograms", "microgram", "units", "unit")
_UNIT = "|".join(re.escape(unit) for unit in sorted((*_RENAMED_UNITS, *_KEPT_UNITS), key=len, reverse=True))
_FIGURE_AND_UNIT = re.compile(
    rf"(?<![\w.,·])(?P<figure>\d+(?:\.\d+)?)[ \u00a0\u2009\u202f]*(?P<unit>{_UNIT})(?![A-Za-zµμ])", re.IGNORECASE
)
_UNIT_PER = re.compile(r"/\s*(mcg|µg|μg|ug|iu|u)\b(?!\.)", re.IGNORECASE)
_DAILY = re.compile(r"\b(?:QD|OD|Q\.D\.|O\.D\.)(?!\w)")
# OD is 'right eye' where eyes or ears are treated.
EYE_OR_EAR = re.compile(r"\b(?:eyes?|ears?|drops?|gtts?|ointment|ophthalmic|ocular|otic)\b", re.IGNORECASE)


def tidy_dose(dose: str) -> str:
    """A dose as it is safe to read: ``.5mg`` -> ``0.5 mg``, ``5.0 mg`` -> ``5 mg``, ``10U`` -> ``10 units``.

    Figures keep their value, always. A decimal comma or a figure in groups stays as it was written, and so do three
    decimals after a small figure: ``1.000 IU`` is one unit here and a thousand where thousands are marked by a point.
    """
    text = _FIGURE.sub(_tidy_figure, dose)
    text = _FIGURE_AND_UNIT.sub(_tidy_unit, text)
    text = _UNIT_PER.sub(lambda match: "/" + _RENAMED_UNITS[match[1].lower()][0], text)
    return text if EYE_OR_EAR.search(text) else _DAILY.sub("daily", text)


def _tidy_figure(match: re.Match[str]) -> str:
    whole, fraction = match["whole"], match["fraction"]
    if not whole and re.search(r"\d\s*$", match.string[: match.start()]):
        return match[0]  # '1 .5 mg' may be 1.5 mg or two figures: it stays for a person to read
    could_be_thousands = len(fraction) == 4 and len(whole) <= 3 and whole.strip("0")
    if not could_be_thousands:
        fraction = fraction.rstrip("0").rstrip(".")
    return f"{whole or '0'}{fraction}"


def _tidy_unit(match: re.Match[str]) -> str:
    figure, unit = match["figure"], match["unit"]
    if renamed := _RENAMED_UNITS.get(unit.lower()):
        unit = renamed[0] if figure == "1" else renamed[1]
    return f"{figure}{THIN_SPACE}{unit}"
