"""Checks proposed medicines against the chart and against each other. Pure: no database, no Django."""

from prescriptions.safety.types import (
    Alert,
    Chart,
    ChartAllergy,
    ChartMedication,
    ProposedItem,
)

__all__ = ["Alert", "Chart", "ChartAllergy", "ChartMedication", "ProposedItem"]
