"""ICD-10-CM: reading the release that a package brings, and loading it into the reference table."""
