"""What happened to a prescription, told inside the transaction in which it happened."""

from django.dispatch import Signal

prescribed = Signal()  # prescription, by
alert_overridden = Signal()  # prescription, by, alert
cancelled = Signal()  # prescription, by
completed = Signal()  # prescription, by
expired = Signal()  # prescription
downloaded = Signal()  # conversation, prescriptions, by
