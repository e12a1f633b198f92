"""The door for any WSGI server. It does not open on a database for which the policies would not hold."""

import gc
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "medichat.settings")
application = get_wsgi_application()

from medichat.db.start import refuse_unfit_database  # noqa: E402 - the settings must be loaded first

refuse_unfit_database()

# Looking for garbage among models and settings that live as long as the process costs time at every large answer.
gc.collect()
gc.freeze()
gc.set_threshold(50_000, 20, 50)
