"""Bringing the previous system's MongoDB over: read -> outline -> parse -> account -> load -> verify -> report.

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
``outline``     the first, light pass: keys of all documents, sorted in scratch files (``scratch``), give each rule of
                ``relations`` those that belong together; workers look the results up. Memory does not grow.
``prepare``     one document from bytes to rows: parsed, settled with the others, accounted for.
``columns``     the one mapping from parsed rows to the columns of ``tables``, which also make a row's digest.
``load``        a run: the parent reads, ``workers`` (processes) load batches with ``loader`` and ``writer``.
``refusals``    what happens to a row that the database refuses.
``derived``     care relations and search words that follow from imported rows.
``ledger``      what ``import_documents`` remembers of each document: its rows with their digests as loaded.
``again``       corrections by administrators; loading a single document.
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
  so every form of the source gives the same rows. The bytes themselves are only in a dump: the finding of
  ``unreadable_characters`` keeps them. ``wide_number`` is also seen in dumps and canonical exports only.
- A weight without a unit stays text; 181 can only be centimetres, 1,78 only metres. 04/10/2022 stays text; with points
  the day stands first.
- 'NKDA' and 'none' are statements; their day is that of the document's last change, since they stood there then.
- The same entry twice in a chart is merged; what only one of them says is kept, contradictions go into the notes.
- A chronic condition is ongoing (``is_active`` True); every other activity, status and prescriber is unknown.

How loading decides
-------------------
- A run is resumed when the latest one of the same source did not come to its end (``Source.fingerprint``). What a
  batch committed is done; batches beyond a gap are loaded again, which changes nothing.
- The ledger's digest is of what a document became (settled rows and findings), so that what follows from other
  documents counts as a change too. An empty digest means: look again at every run, because the outcome depends on
  something here (an address or a visit number that somebody has here, a refused row, a row edited here).
- A row that differs from its digest as loaded was edited here: the source's version is noted (``edited_here``) and
  what stands here stays. Signing in, reading an answer and stamped times are no edits (volatile columns of
  ``tables``).
- What the source dropped from a document goes, unless it was edited here. A document that vanished from the source,
  or is set aside now, keeps what it brought: somebody deleted over there keeps their record here.
- Doctors' accounts come first (stage ``doctors``): a patient may name a doctor whose document stands later. Foreign
  keys and every guard hold within each batch.
- Imported doctors are not approved: nobody has checked their licences here.
- A case that waits has waited since the talk with the patient ended, or since it began where that is unknown, and is
  queued with the urgent ones; its urgency stays unknown.
- The application role may make no temporary table (one called ``care_relations`` would be read by guards that mean
  the real one). Rows are copied into temporary tables of the owner where ``DATABASE_OWNER_URL`` is set, and otherwise
  travel as arrays; policies are forced on the owner as well.
- A transaction of a dry run is read-only: nothing can be written by mistake.
- Words that the search needs are written before a batch, sorted and on their own: two workers that add the same words
  in different order would wait for each other.
- Workers tell of a failure what holds no value: SQLSTATE, table, constraint. What a database error says never leaves.
- ``stored_path``, ``stored_name`` and ``photo_path`` stay in their encrypted columns; ``uploads/`` copies what they
  name.
- ``email`` is lowered by Python; a CHECK compares with PostgreSQL's ``lower``: what it refuses gets a placeholder.
- A snapshot of the server may expire (``ServerSource.snapshots`` > 1): the next run takes over what changed
  meanwhile.
- Parsing decodes the whole document and accounting encodes it again: about ten times its BSON in memory meanwhile.
"""
