"""The verification of a run: the source is read and parsed once more, on all cores, and compared with every row.

It believes neither the loader nor the ledger: rows are read from their tables and decrypted, and rows that are too many
are looked for on the other side.
"""

from collections import Counter
from pathlib import Path
from typing import Any

import psycopg
from django.conf import settings
from django.db import connections

from medichat.db.context import system
from medichat.legacy.account import ENTITIES
from medichat.legacy.compare import SURPLUS, Comparison, Difference, surplus
from medichat.legacy.load import Ground, Options, Shown, alone, connection_settings, gathered, outlined
from medichat.legacy.outline import paths_in
from medichat.legacy.read import COLLECTIONS, Source, SourceError
from medichat.legacy.report import Verified
from medichat.legacy.scratch import Scratch, Sorter
from medichat.legacy.worker import Compare, Setup
from medichat.legacy.workers import Workers


def after_loading(ground: Ground) -> Comparison:
    """Compare all documents, right after they were loaded. Raises SourceError and ImportFailed."""
    with _workers(ground) as workers:
        return _compare(ground, workers)


def again(source: Source, options: Options, shown: Shown) -> Comparison:
    """Compare all documents of the source with what stands here now; nothing is written.

    Raises SourceError and ImportFailed.
    """
    missing = source.missing()
    if missing:
        raise SourceError(f"The source is incomplete: there is no collection {' and no '.join(missing)}.")
    with alone(), Scratch(Path(settings.DATA_DIR) / "import-scratch") as scratch:
        ground = Ground(source, options, shown, scratch, paths_in(scratch))
        with _workers(ground) as workers:
            outlined(ground, workers)
            return _compare(ground, workers)


def _workers(ground: Ground) -> Workers:
    """Without a run, so that their connections are read-only."""
    return Workers(Setup(connection_settings(), ground.paths, None), ground.options.processes)


def _compare(ground: Ground, workers: Workers) -> Comparison:
    total = Comparison()
    for collection in COLLECTIONS:
        ground.shown.stage(f"{collection} (verification)", None)
        seen = Sorter(ground.scratch, f"seen-{collection}")
        found_here = Counter[str]()
        batches = gathered(ground.source.documents(collection), ground.options.batch)
        for task, found in workers.results(Compare(collection, raws) for _, raws in batches):
            for identity in found.roots.get(collection, ()):
                seen.add(identity)
            found_here.update(found.found)
            total.add(found)
            ground.shown.advance(len(task.raws))
        _look_for_surplus(collection, found_here[collection], seen, total)
    return total


def _look_for_surplus(collection: str, found: int, seen: Sorter, total: Comparison) -> None:
    """Every row was looked for by its id: as many rows as were found means that there is no other."""
    with system():
        connection = _connection()
        connection.execute("SELECT set_config('statement_timeout', '0', true)")
        row = connection.execute(
            f"SELECT count(*) FROM {collection} WHERE legacy_id IS NOT NULL"  # noqa: S608  # nosec B608 - a constant
        ).fetchone()
        if row is not None and row[0] == found:
            return
        for legacy_id, is_known in surplus(connection, collection, seen):
            if is_known:
                total.gone[collection] += 1
            else:
                total.differs(Difference(collection, legacy_id, SURPLUS))


def _connection() -> psycopg.Connection[Any]:
    connection: psycopg.Connection[Any] = connections["default"].connection
    return connection


def verified(comparison: Comparison) -> Verified:
    """For the report."""
    figures = {entity: comparison.of_entity(entity) for entity in ENTITIES}
    return Verified(
        {entity: counted["verified"] for entity, counted in figures.items()},
        {entity: counted["mismatched"] for entity, counted in figures.items()},
        comparison.for_report(),
    )
