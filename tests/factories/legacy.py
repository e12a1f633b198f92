"""Imports of the previous system's data."""

import factory
from django.utils import timezone

from medichat.legacy.models import ImportBatch, ImportedDocument, ImportItem, ImportRun
from tests.factories.rows import SystemFactory


class ImportRunFactory(SystemFactory):
    """An import that came to its end."""

    class Meta:
        model = ImportRun

    source = {"kind": "bson", "folder": "/srv/old/dump"}
    source_key = factory.Sequence(lambda number: f"{number:064}")
    status = ImportRun.Status.FINISHED
    finished_at = factory.LazyFunction(timezone.now)
    is_ok = True


class ImportBatchFactory(SystemFactory):
    """Its first batch of accounts."""

    class Meta:
        model = ImportBatch

    run = factory.SubFactory(ImportRunFactory)
    stage = "users"
    number = 1
    position = "60000000000000000000000a"


class ImportedDocumentFactory(SystemFactory):
    """A document of the previous system that became an account."""

    class Meta:
        model = ImportedDocument

    collection = "users"
    legacy_id = factory.Sequence(lambda number: f"6100000000000000000{number:05x}")
    id = factory.LazyAttribute(lambda row: ImportedDocument.key(row.collection, row.legacy_id))
    digest = b"d" * 16
    rows = b""
    first_run = factory.SubFactory(ImportRunFactory)
    last_run = factory.LazyAttribute(lambda row: row.first_run)


class ImportItemFactory(SystemFactory):
    """A choice that the system does not know, in that document."""

    class Meta:
        model = ImportItem

    document = factory.SubFactory(ImportedDocumentFactory)
    run = factory.LazyAttribute(lambda row: row.document.first_run)
    collection = factory.LazyAttribute(lambda row: row.document.collection)
    legacy_id = factory.LazyAttribute(lambda row: row.document.legacy_id)
    entity = "patient_medical_info"
    where = "gender"
    rule = "choice_unknown"
    outcome = "set_aside"
    reason = "A choice that the system does not know; it stays unknown."
    raw = '"yes"'
