"""What stands in an answer where the previous system did not know: the one table of it (docs/api.md shows it too).

A field that may be null is null. Where a client expects a value, it gets the one that claims least; nothing is made up.
Rows made here are complete: this is about imported ones.
"""

from typing import Final, Literal

# conversation.status, prescription.status: clients show further words as they are
STATUS: Final[Literal["unknown"]] = "unknown"
# message.role: neither the patient's words nor the assistant's for certain
MESSAGE_ROLE: Final[Literal["system"]] = "system"
# conversation.callToOffice: nobody is sent for without being asked
CALL_TO_OFFICE: Final = False
# medication.isActive: missing an interaction is worse than asking once too often
MEDICATION_IS_ACTIVE: Final = True
# history.isActive: a condition is not over because nobody said so
CONDITION_IS_ACTIVE: Final = True
# prescription.refills: none was granted
REFILLS: Final = 0
# createdAt, updatedAt, uploadedAt of any row: null; a message's "timestamp" is left out, which clients show as no date
