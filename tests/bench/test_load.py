"""The clinic that is measured is whole: what the database would have refused is not in it."""

import psycopg
import pytest

from tests.bench.clinic import Size
from tests.bench.load import Server

pytestmark = pytest.mark.bench
ORPHANS = """
SELECT c.conname FROM pg_constraint c WHERE c.contype = 'f' AND NOT c.convalidated
"""


def test_every_key_leads_somewhere(clinic: Server) -> None:
    with psycopg.connect(clinic.superuser_url, autocommit=True) as admin:
        keys = admin.execute(
            "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint "
            "WHERE contype = 'f' AND connamespace = 'public'::regnamespace"
        ).fetchall()
        assert keys
        for table, name, _definition in keys:
            query = """
                SELECT a.attname, c.confrelid::regclass::text, f.attname FROM pg_constraint c
                JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
                JOIN pg_attribute f ON f.attrelid = c.confrelid AND f.attnum = c.confkey[1]
                WHERE c.conname = %s AND c.conrelid = %s::regclass
            """
            column, other, key = admin.execute(query, [name, table]).fetchone() or ("", "", "")
            orphans = admin.execute(
                psycopg.sql.SQL(
                    "SELECT count(*) FROM {} t WHERE t.{} IS NOT NULL AND NOT EXISTS ("
                    "SELECT FROM {} o WHERE o.{} = t.{})"
                ).format(*map(psycopg.sql.Identifier, (table, column, other, key, column)))
            ).fetchone()
            assert orphans == (0,), name


def test_it_is_as_large_as_wanted(clinic: Server) -> None:
    patients = Size.wanted().patients
    with psycopg.connect(clinic.superuser_url) as admin:
        counts = {
            table: (
                admin.execute(
                    psycopg.sql.SQL("SELECT count(*) FROM {}").format(psycopg.sql.Identifier(table))
                ).fetchone()
                or (0,)
            )[0]
            for table in (
                "conversations",
                "messages",
                "conversation_words",
                "care_relations",
                "search_words",
                "allergies",
                "medications",
                "prescriptions",
                "activity_logs",
            )
        }
        print(counts, clinic.seconds)
    assert counts["conversations"] == 3 * patients
    assert counts["messages"] >= 58 * patients
