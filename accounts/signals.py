"""What happened to an account or was looked at, told inside the transaction in which it happened."""

from django.dispatch import Signal

registered = Signal()  # user, stated (what else was said for the chart: {"sex": ...})
registration_refused = Signal()  # somebody tried to register with an address that has an account
signed_in = Signal()  # user, session
signed_out = Signal()  # user
sign_in_failed = Signal()  # user (or None), reason; the typed address is never passed on
second_factor_used = Signal()  # user, kind ('totp' or 'backup'): a code was right
second_factor_changed = Signal()  # user, by, change ('set up', 'new backup codes', 'switched off', 'cleared'), reason
password_changed = Signal()  # user
password_reset_requested = Signal()  # user or None
profile_updated = Signal()  # user, fields (names only)
approved = Signal()  # user, by
approval_withdrawn = Signal()  # user, by
deactivated = Signal()  # user, by
reactivated = Signal()  # user, by
deleted = Signal()  # user, by: an account that never had any clinical record is gone
session_ended = Signal()  # user, session, reason

# A form came from a browser whose session has run out (and was not ended by anybody): ``request``, ``owner`` (whose
# session it was). A receiver that kept the words for them returns True.
sent_while_signed_out = Signal()

# Somebody looked at a patient's data: ``by`` (User), ``patient_id``, ``resource_type``, ``resource_id``, ``why``
# ('own', 'care', 'break_glass', 'administration').
viewed = Signal()

# Somebody looked at a list with the data of several patients: ``by`` (User), ``patient_ids``, ``resource_type``,
# ``why`` ('care' or 'administration'; of patients seen only in an emergency the record says that instead).
list_viewed = Signal()
