"""A copy of everything the clinic keeps about one patient, for the patient: one ZIP with JSON, a PDF and the files.

``contents`` says which tables go in and which deliberately do not, ``reading`` turns rows into plain values, ``pack``
streams the ZIP, ``summary`` prints the PDF. The structure is described in docs/patient-copy.md.
"""
