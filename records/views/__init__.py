"""The chart's pages: a patient's own record, a doctor's chart of a patient, the acts on both, search and recall."""
