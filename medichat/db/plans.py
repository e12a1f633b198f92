"""How PostgreSQL plans what this program asks."""

from django.db import connection


def plan_for_these_values() -> None:
    """For the rest of the transaction every statement is planned for the values that it is given.

    A statement that is asked again and again is otherwise planned once for any value. That is right for a row by its
    key, and reads whole tables where the values decide which index is the right one: words of a search, the period and
    the patients of a report. Outside of a transaction it does nothing.
    """
    if connection.in_atomic_block:
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL plan_cache_mode = force_custom_plan")
