"""Frequencies, routes and quantities in words a patient and a pharmacist read the same way.

Everything here is pure text in, text out. The rule of the whole module: a meaning is never changed. What is not
understood completely is returned exactly as it was written, because a half-translated direction is worse than an
abbreviation. The conventions are those of the ISMP list of error-prone abbreviations and the NHS common user
interface, stated here from general knowledge and not yet reviewed against those texts. Doses: `medichat.doses`.
"""

import re
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from medichat.doses import EYE_OR_EAR, tidy_dose

LARGEST_QUANTITY_IN_WORDS = 9999


@dataclass(frozen=True, slots=True)
class Frequency:
    """What an abbreviation means, and how many doses a day that is for certain (None: cannot be said)."""

    words: str
    doses_per_day: Fraction | None = None


_ONCE, _TWICE, _THRICE, _FOUR = Fraction(1), Fraction(2), Fraction(3), Fraction(4)
_ONCE_A_WEEK = Fraction(1, 7)

FREQUENCIES: dict[str, Frequency] = {
    "od": Frequency("once a day", _ONCE),
    "qd": Frequency("once a day", _ONCE),
    "bd": Frequency("twice a day", _TWICE),
    "bid": Frequency("twice a day", _TWICE),
    "bds": Frequency("twice a day", _TWICE),
    "tds": Frequency("three times a day", _THRICE),
    "tid": Frequency("three times a day", _THRICE),
    "qds": Frequency("four times a day", _FOUR),
    "qid": Frequency("four times a day", _FOUR),
    "om": Frequency("every morning", _ONCE),
    "qam": Frequency("every morning", _ONCE),
    "mane": Frequency("in the morning", _ONCE),
    "nocte": Frequency("at night", _ONCE),
    "qpm": Frequency("every evening", _ONCE),
    "qhs": Frequency("every night at bedtime", _ONCE),
    "hs": Frequency("at bedtime", _ONCE),
    "prn": Frequency("when needed"),
    "sos": Frequency("when needed"),
    "stat": Frequency("immediately"),
    "ac": Frequency("before food"),
    "pc": Frequency("after food"),
    "qod": Frequency("every other day"),
    "eod": Frequency("every other day"),
    "qwk": Frequency("once a week", _ONCE_A_WEEK),
    "tiw": Frequency("three times a week"),
}
"""Abbreviation without dots, in lower case -> its meaning in a frequency (where `OD` is never the right eye)."""

_PLAIN_FREQUENCIES: dict[Fraction, tuple[str, ...]] = {
    _ONCE: (
        *("daily", "once daily", "once a day", "once per day", "every day", "one time a day", "1 time a day"),
        *("in the morning", "every morning", "in the evening", "every evening", "at night", "every night", "nightly"),
        *("at bedtime", "every night at bedtime"),
    ),
    _TWICE: (
        *("twice daily", "twice a day", "twice per day", "two times a day", "2 times a day", "two times daily"),
        *("2 times daily", "morning and evening", "morning and night"),
    ),
    _THRICE: ("three times daily", "three times a day", "3 times a day", "3 times daily", "three times per day"),
    _FOUR: ("four times daily", "four times a day", "4 times a day", "4 times daily", "four times per day"),
    Fraction(5): ("five times daily", "five times a day", "5 times a day", "5 times daily", "five times per day"),
    _ONCE_A_WEEK: ("weekly", "once weekly", "once a week", "every week", "once per week"),
}
_DOSES_PER_DAY = {text: doses for doses, texts in _PLAIN_FREQUENCIES.items() for text in texts}

# A meal or a plain joining word may stand beside an abbreviation without making the whole uncertain.
_PLAIN_WORDS = (
    "a after and as at bed bedtime before breakfast daily day days dinner each evening every fever fifth first five "
    "food for four fourteen if in itching lunch meal meals morning nausea needed night nightly of or pain per required "
    "seven six sleep take taken ten the then three times to twice two once one week weekly weeks when with without"
)
_ACCOMPANYING_WORDS = frozenset(_PLAIN_WORDS.split())
_EVERY_HOURS = re.compile(r"q\s*(\d{1,2})(?:\s*(?:-|–|to)\s*(\d{1,2}))?\s*(?:h|hr|hrs|hourly|hours?)\b", re.IGNORECASE)
_HOURLY = re.compile(r"\b(\d{1,2})(?:\s*(?:-|–|to)\s*(\d{1,2}))?\s*-?\s*(?:hourly|hrly)\b", re.IGNORECASE)
_NEEDED_FOR_WHAT = re.compile(r"when needed (?=(?:pain|fever|nausea|itching|sleep)\b)")
_DOTTED = re.compile(r"\b(?:[A-Za-z]\.){2,}")


def frequency_in_words(frequency: str) -> str:
    """`TDS` -> `three times a day`, `q6h PRN` -> `every 6 hours when needed`; anything uncertain as it was written."""
    text = _DOTTED.sub(lambda match: match.group().replace(".", ""), frequency.strip())
    if not text:
        return frequency
    text = _HOURLY.sub(_every_hours, _EVERY_HOURS.sub(_every_hours, text))
    words: list[str] = []
    for token in re.split(r"(\s+|[,;]\s*|(?<=[A-Za-z])[&+](?=[A-Za-z]))", text):
        core = token.strip()
        if not core:
            words.append(" " if token else "")
        elif core in ",;":
            words.append(", ")
        elif core in "&+":
            words.append(" and ")
        elif (known := FREQUENCIES.get(core.lower())) is not None:
            words.append(known.words)
        elif core.lower() in _ACCOMPANYING_WORDS or core.isdecimal() or core.lower() in ("hour", "hours"):
            words.append(core)
        else:
            return frequency
    sentence = re.sub(r"\s+", " ", "".join(words)).replace(" ,", ",").strip()
    return _NEEDED_FOR_WHAT.sub("when needed for ", sentence)


def _every_hours(match: re.Match[str]) -> str:
    first, last = match.groups()
    if last:
        return f"every {first} to {last} hours"
    return "every hour" if first == "1" else f"every {first} hours"


def directions_in_words(dose: str, route: str, frequency: str, duration: str) -> str:
    """One sentence from the four parts, each in words where it is certain; empty parts are left out.

    `('1 tablet', 'PO', 'TDS', '5 days')` -> `1 tablet by mouth three times a day for 5 days`. For an eye or an ear `OD`
    may mean the right eye, so that there it is left as written.
    """
    about_eye_or_ear = EYE_OR_EAR.search(f"{dose} {route}") is not None
    may_be_an_eye = about_eye_or_ear and re.search(r"\bo\.?d\b", frequency, re.IGNORECASE) is not None
    length = duration.strip()
    if re.fullmatch(r"\d+\s*(?:days?|weeks?|months?)", length, re.IGNORECASE):
        length = f"for {length}"
    often = frequency.strip() if may_be_an_eye else frequency_in_words(frequency)
    parts = (tidy_dose(dose.strip()), route_in_words(route.strip()), often, length)
    return " ".join(part for part in parts if part)


ROUTES: dict[str, str] = {
    "po": "by mouth",
    "oral": "by mouth",
    "orally": "by mouth",
    "per oral": "by mouth",
    "sl": "under the tongue",
    "sublingual": "under the tongue",
    "buccal": "inside the cheek",
    "iv": "into a vein",
    "intravenous": "into a vein",
    "im": "into a muscle",
    "intramuscular": "into a muscle",
    "sc": "under the skin",
    "sq": "under the skin",
    "subcut": "under the skin",
    "subcutaneous": "under the skin",
    "pr": "into the rectum",
    "rectal": "into the rectum",
    "pv": "into the vagina",
    "vaginal": "into the vagina",
    "inh": "breathed in",
    "inhaled": "breathed in",
    "inhalation": "breathed in",
    "neb": "breathed in through a nebuliser",
    "nebulised": "breathed in through a nebuliser",
    "nebulized": "breathed in through a nebuliser",
    "top": "on the skin",
    "topical": "on the skin",
    "td": "through the skin (patch)",
    "transdermal": "through the skin (patch)",
    "nasal": "into the nose",
    "intranasal": "into the nose",
    "ng": "through the tube in the nose",
    "peg": "through the feeding tube in the stomach",
    "ou": "into both eyes",
}
"""Route -> words. `OD` and `OS` are left out on purpose: right eye or once a day, left eye or by mouth."""


def route_in_words(route: str) -> str:
    """`PO` -> `by mouth`; an unknown or ambiguous route is returned as it was written."""
    return ROUTES.get(route.strip().lower().replace(".", ""), route)


# --- Quantities ------------------------------------------------------------------------------------------------------

_NUMBERS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
_SMALL = _NUMBERS.split()
_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")


def quantity_in_words(quantity: Decimal) -> str:
    """`21` -> `twenty-one`, `2.5` -> `two point five`. Raises ValueError below 0, above 9999 or when not a number."""
    if not quantity.is_finite() or quantity < 0 or quantity > LARGEST_QUANTITY_IN_WORDS:
        raise ValueError(f"Quantities from 0 to {LARGEST_QUANTITY_IN_WORDS} can be written in words.")
    whole, _, part = plain_figure(quantity).partition(".")
    words = _whole_number_in_words(int(whole))
    return f"{words} point {' '.join(_SMALL[int(digit)] for digit in part)}" if part else words


def plain_figure(quantity: Decimal) -> str:
    """A quantity in figures without trailing zeros or exponents: `21.00` -> `21`, `0.50` -> `0.5`."""
    text = f"{quantity:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def _whole_number_in_words(number: int) -> str:
    if number < 20:
        return _SMALL[number]
    if number < 100:
        tens, ones = divmod(number, 10)
        return f"{_TENS[tens]}-{_SMALL[ones]}" if ones else _TENS[tens]
    size, name = (1000, "thousand") if number >= 1000 else (100, "hundred")
    count, rest = divmod(number, size)
    words = f"{_whole_number_in_words(count)} {name}"
    if not rest:
        return words
    return f"{words} {'and ' if rest < 100 else ''}{_whole_number_in_words(rest)}"


_COUNTED_UNITS = {
    form: unit
    for unit, forms in {
        "tablet": "tab tabs tablet tablets",
        "capsule": "cap caps capsule capsules",
        "sachet": "sachet sachets",
        "suppository": "suppository suppositories",
        "pessary": "pessary pessaries",
        "patch": "patch patches",
        "lozenge": "lozenge lozenges",
        "mL": "ml millilitre millilitres milliliter milliliters",
    }.items()
    for form in forms.split()
}
# Puffs, sprays and drops are not here: what is handed out is an inhaler or a bottle, not a number of them.
_MEASURED = frozenset({"mL"})  # everything else is handed out in whole pieces
_FIGURES = {word: Decimal(number) for number, word in enumerate(_SMALL[:11])} | {
    "half": Decimal("0.5"),
    "a": Decimal(1),
}
_COUNTED_DOSE = re.compile(r"(?P<figure>\d{1,3}(?:\.\d{1,3})?|½|[a-z]+)(?:\s+a(?=\s))?\s*(?P<unit>[a-z]+)")
_DURATION = re.compile(r"(?:for\s+|x\s*)?(?P<figure>\d{1,3}|[a-z]+)\s*(?P<unit>days?|weeks?|wks?|/7)")
_LONGEST_DURATION_DAYS = 366


class ComputedQuantity(NamedTuple):
    """How much is needed, how that was read, and the unit in words, `tablets`."""

    quantity: Decimal
    reading: str
    unit: str


def computed_quantity(dose: str, frequency: str, duration: str) -> ComputedQuantity | None:
    """How much is needed and how that was read, or None where it is not certain.

    `('1 tablet', 'TDS', '5 days')` -> 15, `1 tablet three times a day for 5 days = 15`, `tablets`. Doses by weight
    ('500 mg'), 'when needed', ranges, months and pieces that do not come out whole are not certain.
    """
    counted, per_day, days = _counted_dose(dose), _doses_per_day(frequency), days_of(duration)
    if counted is None or per_day is None or days is None:
        return None
    amount, unit = counted
    doses = per_day * days
    if doses.denominator != 1:
        return None
    total = amount * doses.numerator
    if total <= 0 or total > LARGEST_QUANTITY_IN_WORDS or (unit not in _MEASURED and total % 1):
        return None
    length = f"{days} {'day' if days == 1 else 'days'}"
    reading = f"{dose.strip()} {frequency_in_words(frequency)} for {length} = {plain_figure(total)}"
    return ComputedQuantity(Decimal(plain_figure(total)), reading, _named(unit, total))


def _named(unit: str, count: Decimal) -> str:
    """`tablet` -> `tablets`, `suppository` -> `suppositories`; one stays one, and so does a symbol."""
    if unit in _MEASURED or count == 1:
        return unit
    if unit.endswith("y"):
        return f"{unit[:-1]}ies"
    return f"{unit}es" if unit.endswith("ch") else f"{unit}s"


def _counted_dose(dose: str) -> tuple[Decimal, str] | None:
    match = _COUNTED_DOSE.fullmatch(dose.strip().lower())
    if match is None or match.group("unit") not in _COUNTED_UNITS:
        return None
    figure = match.group("figure")
    if figure[0].isdigit() and figure.isascii():
        return Decimal(figure), _COUNTED_UNITS[match.group("unit")]
    amount = Decimal("0.5") if figure == "½" else _FIGURES.get(figure)
    return None if amount is None else (amount, _COUNTED_UNITS[match.group("unit")])


def _doses_per_day(frequency: str) -> Fraction | None:
    text = re.sub(r"\s+", " ", frequency.strip().lower())
    known = FREQUENCIES.get(text.replace(".", ""))
    if known is not None:
        return known.doses_per_day
    if text in _DOSES_PER_DAY:
        return _DOSES_PER_DAY[text]
    hours = re.fullmatch(r"every (\d{1,2}) hours", frequency_in_words(text))
    if hours is None or int(hours.group(1)) == 0 or 24 % int(hours.group(1)):
        return None
    return Fraction(24, int(hours.group(1)))


def days_of(duration: str) -> int | None:
    """How many days a duration lasts (`5 days`, `for two weeks`), None where it is not certain."""
    match = _DURATION.fullmatch(duration.strip().lower())
    if match is None or match.group("unit") == "/7":
        return None
    figure = match.group("figure")
    number = int(figure) if figure.isdecimal() else _FIGURES.get(figure)
    if number is None or number % 1:
        return None
    days = int(number) * (7 if match.group("unit").startswith("w") else 1)
    return days if 0 < days <= _LONGEST_DURATION_DAYS else None
