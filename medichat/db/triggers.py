"""What may be switched off in the database's triggers: nothing but the keeping of times."""

from django.db.backends.base.base import BaseDatabaseWrapper

# django-pgtrigger makes this function anew with every trigger it installs, and lets whoever may run SQL name triggers
# to be passed over. The guards must hold for the application role as well, so only the trigger that keeps times may
# be named; the demo clinic needs that to have a past.
_IGNORE_ONLY_TIMES = """
CREATE OR REPLACE FUNCTION public._pgtrigger_should_ignore(trigger_name name) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT trigger_name LIKE 'pgtrigger\\_stamp\\_times\\_%'
       AND trigger_name = ANY (coalesce(nullif(current_setting('pgtrigger.ignore', true), ''), '{}')::text[])
$$
"""


def keep_guards(connection: BaseDatabaseWrapper) -> None:
    """Let no setting switch a guarding trigger off; to be run as the owner after every migration."""
    with connection.cursor() as cursor:
        cursor.execute(_IGNORE_ONLY_TIMES)
