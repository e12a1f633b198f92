"""Every rule by which the import changes, merges or sets aside something, by its name.

A finding names one of these; the report counts them. To learn what becomes of a field, look for the rule in the parser
of its collection (``users``, ``conversations``, ``activity_logs``) and read its sentence here.
"""

from dataclasses import dataclass
from typing import Literal

Outcome = Literal["repaired", "set_aside", "merged"]


@dataclass(frozen=True)
class Rule:
    """``keeps_raw`` false means that the raw value is a credential and is kept nowhere."""

    code: str
    sentence: str
    outcome: Outcome
    keeps_raw: bool = True


RULES: dict[str, Rule] = {}


def _rule(code: str, outcome: Outcome, sentence: str, *, keeps_raw: bool = True) -> Rule:
    if code in RULES:
        raise ValueError(f"the rule {code} exists twice")
    RULES[code] = Rule(code, sentence, outcome, keeps_raw)
    return RULES[code]


# Text and numbers
NUL_REMOVED = _rule("nul_removed", "repaired", "NUL characters, which PostgreSQL refuses, were removed.")
UNREADABLE_CHARACTERS = _rule(
    "unreadable_characters", "repaired", "Bytes that are no UTF-8 are shown as U+FFFD; the bytes are kept."
)
TEXT_SHORTENED = _rule(
    "text_shortened", "repaired", "Text longer than its column is shortened there; the whole text is kept."
)
NUMBER_AS_TEXT = _rule("number_as_text", "repaired", "A number or another single value where text belongs.")
NUMBER_FROM_TEXT = _rule("number_from_text", "repaired", "A number that was stored as text.")
DECIMAL_NUMBER = _rule("decimal_number", "repaired", "A Decimal128 was taken as a plain number.")
NOT_A_NUMBER = _rule("not_a_number", "set_aside", "NaN, infinity or text where a number belongs.")
NUMBER_OUT_OF_RANGE = _rule("number_out_of_range", "set_aside", "A number that its column cannot hold.")
WRONG_TYPE = _rule("wrong_type", "set_aside", "A value of a type that the field cannot have.")
YES_NO_FROM_TEXT = _rule("yes_no_from_text", "repaired", "Yes or no that was stored as text or as a number.")
CHOICE_RESPELLED = _rule("choice_respelled", "repaired", "A known choice in another spelling.")
CHOICE_UNKNOWN = _rule("choice_unknown", "set_aside", "A choice that the system does not know; it stays unknown.")
LIFESTYLE_AS_TEXT = _rule(
    "lifestyle_as_text", "repaired", "A lifestyle statement that is no choice is kept as text of the lifestyle."
)
UNKNOWN_FIELD = _rule("unknown_field", "set_aside", "A field that the system does not know.")
FIELD_TWICE = _rule("field_stored_twice", "set_aside", "A field is stored twice; the last one counts.")
DOCUMENT_UNREADABLE = _rule("document_unreadable", "set_aside", "A document that cannot be decoded.")
DOCUMENT_TWICE = _rule(
    "document_twice", "set_aside", "Another document with the same identity stands before it in the source."
)
DOCUMENT_WITHOUT_ID = _rule("document_without_id", "set_aside", "A document without an identity.")
SECRET_NOT_KEPT = _rule(
    "secret_not_kept", "set_aside", "A password, token or key: noted, and not kept anywhere.", keeps_raw=False
)

WIDE_NUMBER = _rule("wide_number", "repaired", "A small number that was stored with 64 bits.")
WRITTEN_ELSEWHERE = _rule(
    "written_elsewhere", "repaired", "Mongoose's version counter is missing: another program wrote the document."
)

# Dates
DATE_TEXT_PARSED = _rule("date_text_parsed", "repaired", "A date that was stored as text.")
DATE_TEXT_KEPT = _rule(
    "date_text_kept", "repaired", "A date that is partial or can be read in two ways stays text; the day is unknown."
)
DATE_NOT_UNDERSTOOD = _rule("date_not_understood", "set_aside", "A date that cannot be read with certainty.")
DATE_OUT_OF_RANGE = _rule("date_out_of_range", "set_aside", "A date that cannot be true.")
CIVIL_DAY_RESTORED = _rule(
    "civil_day_restored", "repaired", "Midnight of another time zone: the day meant is the nearest midnight's."
)
TIME_OF_DAY_DROPPED = _rule("time_of_day_dropped", "repaired", "A time of day where a day belongs; the day counts.")
TIME_FROM_ID = _rule("time_from_id", "repaired", "The time is unknown or impossible; that of the document's id counts.")

# Lists and elements
ELEMENT_ID_MISSING = _rule("element_id_missing", "repaired", "An element without an id is known by its position.")
ELEMENT_ID_TWICE = _rule("element_id_twice", "repaired", "A second element with the same id: its position is added.")
EMPTY_ELEMENT = _rule("empty_element", "set_aside", "An element that states nothing.")
ONE_INSTEAD_OF_LIST = _rule("one_instead_of_list", "repaired", "A single value where a list belongs.")
JSON_TEXT_READ = _rule("json_text_read", "repaired", "A list that was stored as JSON text.")
TEXT_SPLIT = _rule("text_split", "repaired", "Several entries in one text were separated.")
TEXT_INSTEAD_OF_ENTRY = _rule("text_instead_of_entry", "repaired", "Plain text where an entry with fields belongs.")
ENTRY_INSTEAD_OF_TEXT = _rule("entry_instead_of_text", "repaired", "An entry with fields where plain text belongs.")
ENTRY_WITHOUT_NAME = _rule(
    "entry_without_name", "set_aside", "An entry that does not say which allergy, medicine or condition it means."
)
NAME_MISSING = _rule("name_missing", "repaired", "What the entry is called is unknown; the rest is kept.")
DUPLICATE_MERGED = _rule("duplicate_merged", "merged", "The same entry twice in one chart was merged.")
STATEMENT_OF_NONE = _rule(
    "statement_of_none",
    "merged",
    "A statement such as 'none' or 'NKDA' is no entry: it is noted as such, with its day.",
)
STATEMENT_CONTRADICTED = _rule(
    "statement_contradicted", "set_aside", "'None' is stated beside entries; the entries count."
)
NO_INFORMATION = _rule("no_information", "set_aside", "A word such as 'unknown' or 'n/a' says nothing.")

# Accounts
EMAIL_NORMALISED = _rule("email_normalised", "repaired", "An e-mail address in upper case or with blanks.")
EMAIL_NOT_AN_ADDRESS = _rule("email_not_an_address", "repaired", "The e-mail address is none; it is kept as it is.")
EMAIL_MISSING = _rule("email_missing", "repaired", "No e-mail address that can be used: a placeholder, and no sign-in.")
EMAIL_DUPLICATE = _rule(
    "email_duplicate", "repaired", "Another account has this e-mail address: a placeholder, and no sign-in."
)
LICENCE_DUPLICATE = _rule("licence_duplicate", "repaired", "Two doctors have the same licence number; both keep it.")
LICENCE_MISSING = _rule("licence_missing", "repaired", "A doctor without licence number or specialization.")
NAME_OF_PERSON_MISSING = _rule("name_of_person_missing", "repaired", "First or last name is unknown.")
ROLE_RESPELLED = _rule("role_respelled", "repaired", "A known role in another spelling.")
ROLE_UNKNOWN = _rule(
    "role_unknown", "repaired", "The role is unknown: the account has the least rights and is deactivated."
)
PASSWORD_MISSING = _rule("password_missing", "repaired", "No password: a new one must be set.")
PASSWORD_NOT_KEPT = _rule(
    "password_not_kept",
    "set_aside",
    "A password that is no bcrypt hash is not kept; a new one must be set.",
    keeps_raw=False,
)
ACCOUNT_INACTIVE = _rule("account_inactive", "repaired", "The account was deactivated and stays so.")
DATA_OF_OTHER_ROLE = _rule("data_of_other_role", "repaired", "Patient data of somebody who is no patient is kept.")

# Chart
HEIGHT_AS_TEXT = _rule("height_as_text", "repaired", "A height without certain unit or value stays text.")
WEIGHT_AS_TEXT = _rule("weight_as_text", "repaired", "A weight without certain unit or value stays text.")
REFERENCE_OF_OLD_SCRIPT = _rule(
    "reference_of_old_script",
    "repaired",
    "An id as an earlier migration script made it (24 digits and eight zeros): the id that it was made of counts.",
)
REFERENCE_FROM_TEXT = _rule("reference_from_text", "repaired", "A reference stored as text or as a whole document.")
REFERENCE_NOT_UNDERSTOOD = _rule("reference_not_understood", "set_aside", "A reference that names nobody.")
REFERENCE_TO_NOBODY = _rule(
    "reference_to_nobody", "set_aside", "A reference to an account that does not exist; it stays unknown."
)
REFERENCE_OF_WRONG_ROLE = _rule(
    "reference_of_wrong_role", "set_aside", "A doctor is named who is no doctor; it stays unknown."
)

# Conversations
PATIENT_UNKNOWN = _rule(
    "patient_unknown", "set_aside", "The conversation's patient is missing or does not exist: it is set aside whole."
)
CHILD_OF_SET_ASIDE = _rule("child_of_set_aside", "set_aside", "It belongs to a document that is set aside.")
VISIT_RENUMBERED = _rule(
    "visit_renumbered", "repaired", "Visits without or with the same number were numbered by creation time."
)
NO_MESSAGES = _rule("no_messages", "repaired", "A conversation without any message is kept.")
MESSAGE_EMPTY = _rule("message_empty", "repaired", "A message with empty text keeps its place.")
MESSAGE_WITHOUT_TEXT = _rule("message_without_text", "repaired", "A message that holds no text keeps its place.")
SENDER_RESPELLED = _rule("sender_respelled", "repaired", "A known sender of messages in another spelling.")
SENDER_UNKNOWN = _rule("sender_unknown", "repaired", "The sender of a message is unknown.")
MARKUP_KEPT_AS_TEXT = _rule(
    "markup_kept_as_text", "repaired", "Rich text or scripts are kept as they are; they are shown as text or cleaned."
)
MESSAGE_REPEATED = _rule(
    "message_repeated", "repaired", "The same message twice in a row, as a double click makes it: both are kept."
)
NAME_UNGARBLED = _rule("name_ungarbled", "repaired", "A file's name in UTF-8 that had been read as Latin-1.")
FILE_NAME_MISSING = _rule("file_name_missing", "repaired", "An attachment whose name or place is unknown.")
FILE_PATH_UNSAFE = _rule(
    "file_path_unsafe", "repaired", "The path of a file leads out of the uploads; no file is read."
)
FILE_MISSING = _rule("file_missing", "repaired", "The file is not among the uploads; the entry is kept without it.")
FILE_NOT_PLAIN = _rule(
    "file_not_plain", "repaired", "A link, a folder or a device stands in the place of the file; it is not read."
)
FILE_UNREADABLE = _rule("file_unreadable", "repaired", "The file cannot be read, or changed while it was read.")
FILE_INFECTED = _rule(
    "file_infected", "repaired", "The scanner found a virus in the file; the entry is kept without it."
)
FILE_EMPTY = _rule("file_empty", "repaired", "There is nothing in the file; the entry is kept without it.")
FILE_TOO_LARGE = _rule("file_too_large", "repaired", "The file is larger than what can be kept; it is not copied.")
FILE_UNREFERENCED = _rule(
    "file_unreferenced", "repaired", "A file among the uploads that no document names; it is not copied."
)
ANSWER_WITHOUT_DOCTOR = _rule("answer_without_doctor", "repaired", "The answer's doctor is unknown.")
ARCHIVED_BY_NOBODY = _rule("archived_by_nobody", "set_aside", "Put away by a doctor, but no doctor is known.")
STATE_CONTRADICTORY = _rule("state_contradictory", "repaired", "Status and content of the conversation disagree.")
PRESCRIPTION_INCOMPLETE = _rule(
    "prescription_incomplete", "repaired", "A prescription without dose, frequency or duration."
)

# Activity log
ACTION_UNKNOWN = _rule("action_unknown", "repaired", "An action outside the list is kept as it is.")
CHOICE_MISSING = _rule("choice_missing", "repaired", "A required choice is missing; it stays unknown.")
ACTION_MISSING = _rule("action_missing", "repaired", "An entry that does not say what was done.")
QUERY_SET_ASIDE = _rule(
    "query_set_aside", "repaired", "An address with a query: the path counts, the query is set aside."
)
POSSIBLE_PASSWORD = _rule(
    "possible_password_not_kept",
    "set_aside",
    "What was typed as e-mail address of a failed sign-in is none and may be a password: not kept.",
    keeps_raw=False,
)
UNUSUAL_NAMES_KEPT = _rule(
    "unusual_names_kept", "repaired", "Field names with dots or dollar signs are kept as they are."
)
RESOURCE_ID_AS_TEXT = _rule(
    "resource_id_as_text", "repaired", "The id of what was acted on is no id; it is kept as text."
)
ACTOR_UNKNOWN = _rule(
    "actor_unknown", "repaired", "An entry names an account that does not exist any more; the id is kept."
)
LOG_CHANGED_LATER = _rule("log_changed_later", "set_aside", "The entry says that it was changed after it was written.")

# Loading
REFUSED_BY_DATABASE = _rule(
    "refused_by_database", "set_aside", "The database refuses it, by the constraint that is named here:"
)
EDITED_HERE = _rule(
    "edited_here", "set_aside", "It changed in the source, and somebody has edited it here: what stands here stays."
)
CORRECTED = _rule(
    "corrected_by_administrator", "repaired", "An administrator has put another value in the place of the source's."
)
LOG_STAYS = _rule(
    "log_stays", "set_aside", "An entry of the log changed in the source after it was loaded; what was loaded stays."
)

# Claims that change nothing and therefore have no finding.
VERSION_COUNTER = "version_counter"
"""Mongoose's ``__v`` counts changes of arrays and means nothing for the clinic."""
DEFAULT_LANGUAGE = "default_language"
"""'English' on somebody who is no patient is the previous system's default and says nothing."""
SAME_AS_CREATED = "same_as_created"
"""``updatedAt`` of a log entry that equals ``createdAt``."""
SILENT_CLAIMS = frozenset({VERSION_COUNTER, DEFAULT_LANGUAGE, SAME_AS_CREATED})
