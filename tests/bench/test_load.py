"""The clinic that is measured is whole: nothing is in it that the database would have refused."""

import psycopg
import pytest
from psycopg import sql

from tests.bench.clinic import Size
from tests.bench.load import Server

pytestmark = pytest.mark.bench
FOREIGN_KEYS = """
    SELECT c.conname, c.conrelid::regclass::text, c.confrelid::regclass::text,
           array_agg(a.attname ORDER BY position), array_agg(f.attname ORDER BY position)
    FROM pg_constraint c CROSS JOIN unnest(c.conkey, c.confkey) WITH ORDINALITY AS pair (own, other, position)
    JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = pair.own
    JOIN pg_attribute f ON f.attrelid = c.confrelid AND f.attnum = pair.other
    WHERE c.contype = 'f' AND c.connamespace = 'public'::regnamespace
    GROUP BY c.oid ORDER BY 1
"""


def test_every_key_leads_somewhere(clinic: Server) -> None:
    with psycopg.connect(clinic.superuser_url, autocommit=True) as admin:
        keys = admin.execute(FOREIGN_KEYS).fetchall()
        assert keys
        for name, table, other, columns, others in keys:
            pairs = zip(columns, others, strict=True)
            row = admin.execute(
                sql.SQL("SELECT count(*) FROM {} t LEFT JOIN {} o ON {} WHERE o.{} IS NULL AND {}").format(
                    sql.Identifier(table),
                    sql.Identifier(other),
                    sql.SQL(" AND ").join(
                        sql.SQL("t.{} = o.{}").format(sql.Identifier(own), sql.Identifier(key)) for own, key in pairs
                    ),
                    sql.Identifier(others[0]),
                    sql.SQL(" AND ").join(sql.SQL("t.{} IS NOT NULL").format(sql.Identifier(own)) for own in columns),
                )
            ).fetchone()
            assert row == (0,), name


@pytest.mark.parametrize(
    ("table", "each"),
    [("conversations", 3), ("messages", 58), ("conversation_words", 60), ("care_relations", 8), ("search_words", 6)],
)
def test_it_is_as_large_as_wanted(clinic: Server, table: str, each: int) -> None:
    with psycopg.connect(clinic.superuser_url) as admin:
        row = admin.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))).fetchone()
    assert row is not None
    assert row[0] >= each * Size.wanted().patients


def test_what_is_encrypted_opens(clinic: Server) -> None:
    from conversations.models import Message
    from medichat.db.context import system

    with system():
        texts = [message.text for message in Message.objects.order_by("-id")[:50]]
    assert len(texts) == 50
    assert all(texts)
