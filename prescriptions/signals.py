"""What happened to a prescription, told inside the transaction in which it happened."""

from django.dispatch import Signal

prescribed = Signal()  # prescription, by
alert_overridden = Signal()  # prescription, by, alert
cancelled = Signal()  # prescription, by
completed = Signal()  # prescription, by
expired = Signal()  # prescription
filled = Signal()  # prescription, by, fill
refill_asked = Signal()  # request, by
refill_withdrawn = Signal()  # request, by
refill_decided = Signal()  # request, by
downloaded = Signal()  # conversation, prescriptions, by
verified = Signal()  # sheet, by (None: nobody who is signed in); somebody with its code has looked at it
overrides_reported = Signal()  # by; an administrator has looked at the overridden alerts, or taken them along
