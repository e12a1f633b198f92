"""Checks proposed medicines against the chart and against each other. Pure: no database, no Django.

What the check knows stands in the data files of `data/`; each entry says where it was checked, or `unreviewed`. What
the check does not know it says: a medicine or an allergy that cannot be read is 'unchecked', never silently safe.
"""

from collections.abc import Sequence

from prescriptions.safety.recognise import read_allergen, read_medicine
from prescriptions.safety.rules import (
    RANK,
    Allergy,
    Medicine,
    allergy_alerts,
    dose_alerts,
    duplicate_alerts,
    interaction_alerts,
    population_alerts,
    unread_alerts,
    unread_allergy_alerts,
)
from prescriptions.safety.types import (
    Alert,
    Chart,
    ChartAllergy,
    ChartMedication,
    Kind,
    ProposedItem,
    Severity,
)

__all__ = ["Alert", "Chart", "ChartAllergy", "ChartMedication", "Kind", "ProposedItem", "Severity", "check"]


def check(items: Sequence[ProposedItem], chart: Chart) -> tuple[Alert, ...]:
    """Everything the doctor should know before issuing these items, the gravest first, then in the order of the items.

    An interaction or a duplicate between two proposed items is reported once, at the later one.
    """
    if not items:
        return ()
    proposed = [
        Medicine(read_medicine(item.medication), index, f"{item.strength} {item.dose} {item.route}")
        for index, item in enumerate(items)
    ]
    taken = [Medicine(read_medicine(entry.name), None, entry.dose) for entry in chart.medications]
    allergies = [Allergy(entry, read_allergen(entry.allergen)) for entry in chart.allergies or ()]
    alerts: list[Alert] = []
    for index, medicine in enumerate(proposed):
        alerts.extend(unread_alerts(medicine))
        alerts.extend(population_alerts(medicine, chart))
        alerts.extend(dose_alerts(medicine, items[index], chart))
        for allergy in allergies:
            alerts.extend(allergy_alerts(medicine, allergy))
        for other in (*taken, *proposed[:index]):
            alerts.extend(duplicate_alerts(medicine, other))
            alerts.extend(interaction_alerts(medicine, other))
    for medicine in taken:
        alerts.extend(unread_alerts(medicine))
    for allergy in allergies:
        alerts.extend(unread_allergy_alerts(allergy))
    if chart.allergies is None:
        alerts.append(_allergies_not_asked())
    distinct = dict.fromkeys(alerts)
    return tuple(sorted(distinct, key=lambda alert: (RANK[alert.severity], alert.item)))


def _allergies_not_asked() -> Alert:
    return Alert(
        "unchecked",
        "allergy",
        0,
        "Allergies not asked",
        "The chart does not say whether the patient has allergies. Ask before prescribing.",
        "No allergy and no statement 'no known allergies' on the chart.",
        "",
    )
