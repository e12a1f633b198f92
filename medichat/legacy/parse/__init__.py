"""Documents in, typed rows and findings out: no database, no clock, no settings.

``PARSERS`` names the parser of each collection. Every parser takes any document whatever and never raises.
"""

from collections.abc import Callable

from medichat.legacy.document import Document
from medichat.legacy.parse.activity_logs import parse_activity_log
from medichat.legacy.parse.conversations import parse_conversation
from medichat.legacy.parse.parsing import Parsed
from medichat.legacy.parse.users import parse_user

PARSERS: dict[str, Callable[[Document], Parsed]] = {
    "users": parse_user,
    "conversations": parse_conversation,
    "activity_logs": parse_activity_log,
}
"""In the order in which they are loaded: what is referred to comes first."""
