"""What happened to a conversation, told inside the transaction in which it happened.

Receivers get ``sender`` (the class), ``conversation``, ``by`` (a User, or None for the system), and what the comment
says.
"""

from django.dispatch import Signal

started = Signal()
message_sent = Signal()  # message
submitted = Signal()  # emergency: bool
urgency_raised = Signal()  # earlier: the urgency before
claimed = Signal()
released = Signal()  # reason
answered = Signal()
closed = Signal()
answer_read = Signal()
archived = Signal()
unarchived = Signal()
note_written = Signal()
file_attached = Signal()  # attachment
file_downloaded = Signal()  # attachment
