"""What happened to a conversation, told inside the transaction in which it happened.

Receivers get ``sender`` (the class), ``conversation``, ``by`` (a User, or None for the system), and what the comment
says.
"""

from django.dispatch import Signal

started = Signal()
message_sent = Signal()  # message
submitted = Signal()  # emergency: bool
urgency_raised = Signal()  # earlier: the urgency before
rose_in_queue = Signal()  # it waited past the target of its level; the urgency stays
emergency_announced = Signal()  # the doctors on duty are told that nobody has taken it
claimed = Signal()
released = Signal()  # reason
answered = Signal()
closed = Signal()
answer_read = Signal()
archived = Signal()
unarchived = Signal()
deleted = Signal()  # nothing was ever said in it
draft_kept = Signal()  # conversation, by; when a draft begins, not at every key
note_written = Signal()
treatment_asked = Signal()  # asks, tells nothing: receivers return what was prescribed at this visit, one text each
file_attached = Signal()  # attachment
file_downloaded = Signal()  # attachment
