"""A made-up clinic of the previous system, as dirty as real ones: the same documents at every run, at any size.

    clinic = OldClinic(SMALL)
    clinic.write_dump(folder)                 as mongodump writes it, document by document
    clinic.dirt("users")                      which kind of dirt is in which documents
    OldClinic(SMALL, is_later=True)           the same clinic a month on: some documents changed, some are new

Every document follows from its number alone. Each kind of dirt is a function with the rule that must name it; it is in
one document at least, if the clinic has enough of them (``SMALL`` has), and in every twentieth altogether.
"""

from tests.legacy.generator.clinic import FULL, SMALL, OldClinic, Size

__all__ = ["FULL", "SMALL", "OldClinic", "Size"]
