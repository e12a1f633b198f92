"""Backups: everything that the database and the disk hold, in one encrypted file, and back again.

A plain ``pg_dump`` does not do: forced row-level security shows the owner no rows, and a role with BYPASSRLS would be
one more credential that sees every patient. Instead ``make`` reads as the application role in the context ``system``,
within one snapshot, after it has proved that no policy hides a row from it. ``restore`` writes as the owner.

The file is sealed for a public key (``envelope``): the server that makes backups cannot open them. Inside is a
compressed tar archive: ``begin.json``, the tables as PostgreSQL's COPY text in parts, the uploaded files (which stay
encrypted with ENCRYPTION_KEY), other files (the exported seals, archives of the log), and ``end.json`` with what each
table must come to. No key is in it.
"""


class BackupError(Exception):
    """A backup cannot be made, read or restored; the message says why and what to do, without any patient data."""
