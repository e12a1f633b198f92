"""Measurements: their units, reference ranges and charts. No database here."""
