"""Bringing the previous system's MongoDB over: read -> parse -> account; load and verify follow.

What is where
-------------
``read/``       a ``Source``: a folder of mongodump or mongoexport files, or a server. ``documents(collection, after)``
                gives ``Document``s in a fixed order; ``position`` of the last one is where a later run goes on.
``document``    bytes and values of one document; a field stored twice is not lost.
``parse/``      pure: ``PARSERS[collection](document) -> Parsed`` with rows (one dataclass for each table), findings
                (which rule, where, raw value), claims (what accounts for each leaf) and a tally (what
                became of each element).
                ``parse/rules.py`` lists every rule in words.
``relations``   what no single document knows: shared addresses and licences, references to nobody, visit numbers.
``account``     checks claims and tally against the bytes, on its own; ``Ledger`` adds up ``source = loaded + ...``.

Decisions
---------
- Empty are null, undefined, blank text, and lists and documents without anything in them. Empty values need no claim.
- A leaf has one claim: a column, ``rule:code`` or ``set_aside:code``. Findings are separate: a leaf may have several
  ('NUL removed' and 'text shortened'), each with the raw value; secrets have no raw value anywhere.
- Legacy ids: the document's ``_id``; ``<document>.<array>.<element's _id>`` (its place without an id; a digest for
  plain texts of lists). Parents are part of it because copied conversations repeat their elements' ids. Row ids are
  ``identity.row_id(table, legacy_id)``, UUIDv5: references need no lookup, only a check that the row exists.
- Damaged UTF-8 is shown with one U+FFFD for each damaged stretch, because exports replace the same bytes differently:
  so every form of the source gives the same rows. The bytes themselves are only in a dump: keep ``Document.raw`` beside
  findings of ``unreadable_characters``. ``wide_number`` is also seen in dumps and canonical exports only.
- A weight without a unit stays text; 181 can only be centimetres, 1,78 only metres. 04/10/2022 stays text; with points
  the day stands first.
- 'NKDA' and 'none' are statements; their day is that of the document's last change, since they stood there then.
- The same entry twice in a chart is merged; what only one of them says is kept, contradictions go into the notes.
- A chronic condition is ongoing (``is_active`` True); every other activity, status and prescriber is unknown.

What the second half needs to know
----------------------------------
- Run ``relations.Directory`` (or its SQL) after parsing all users and before the conversations: a conversation whose
  patient does not exist must not load, and its children count as set aside.
- Add ``settings``-bound columns in the loader: placeholders for missing addresses (``placeholder_address``), unusable
  passwords where ``password`` is None, ``patient_id`` of children, ``source`` 'import', ``refills`` NULL, ``is_stored``
  False until a file was copied, ``conversation_archives`` from ``archived_by_*`` (the doctor's flag belongs to the
  conversation's doctor).
- ``stored_path``, ``stored_name`` and ``photo_path`` stay in their encrypted columns; ``uploads/`` copies what they name.
- ``email`` is lowered by Python; a CHECK compares with PostgreSQL's ``lower``: a row that it refuses is set aside.
- Whether migrated doctors are approved is a decision for the operator; the parser says nothing about it.
- A snapshot of the server may expire (``ServerSource.snapshots`` > 1): the verification must look again.
- Both accounting and parsing decode the whole document: about ten times its BSON in memory meanwhile.
"""
