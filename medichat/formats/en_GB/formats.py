"""Dates as 22-Nov-2026 and times in 24 hours, the unambiguous forms of the NHS common user interface.

The first input format is the one that ``<input type="date">`` needs; the others are what people type where the
browser offers no date field. Month before day is never accepted: 03/04/2026 has one meaning here.
"""

DATE_FORMAT = "d-M-Y"
SHORT_DATE_FORMAT = "d-M-Y"
TIME_FORMAT = "H:i"
DATETIME_FORMAT = "d-M-Y H:i"
SHORT_DATETIME_FORMAT = "d-M-Y H:i"
YEAR_MONTH_FORMAT = "M Y"
MONTH_DAY_FORMAT = "d-M"
FIRST_DAY_OF_WEEK = 1

DATE_INPUT_FORMATS = ["%Y-%m-%d", "%d-%b-%Y", "%d/%m/%Y", "%d.%m.%Y", "%d %b %Y", "%d %B %Y"]
TIME_INPUT_FORMATS = ["%H:%M", "%H:%M:%S"]
DATETIME_INPUT_FORMATS = ["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%d-%b-%Y %H:%M", "%d/%m/%Y %H:%M"]

DECIMAL_SEPARATOR = "."
THOUSAND_SEPARATOR = ","
NUMBER_GROUPING = 3
