"""What happened to a run of the import, told inside the transaction in which it happened. ``run`` is an ImportRun."""

from django.dispatch import Signal

started = Signal()  # run
resumed = Signal()  # run
finished = Signal()  # run
undone = Signal()  # run
item_handled = Signal()  # item (an ImportItem in its new state), by (a User)
