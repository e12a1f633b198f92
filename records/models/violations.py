"""What the database refuses about a chart, in words and beside the field that it concerns."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import IntegrityError, models, transaction

# Constraint -> the field at which a person can put it right.
BESIDE = {
    "allergies_allergen_not_blank": "allergen",
    "allergies_once_per_patient": "allergen",
    "medications_name_not_blank": "medication_name",
    "medications_no_overlap": "medication_name",
    "medications_end_not_before_start": "ended_on",
    "medical_history_condition_not_blank": "condition",
    "medical_history_once_per_patient_and_date": "condition",
    "medical_history_resolved_not_before_diagnosed": "resolved_on",
    "vital_signs_diastolic_below_systolic": "blood_pressure",
    "vital_signs_glucose_when_with_glucose": "glucose_mmol_l",
    "medical_info_height_plausible": "height_cm",
    "medical_info_weight_plausible": "weight_kg",
}


def validate_beside_fields(row: models.Model, exclude: Collection[str] | None) -> None:
    """What ``Model.validate_constraints`` does, with the errors beside the fields that ``BESIDE`` names."""
    errors: dict[str, list[ValidationError]] = {}
    for model, constraints in row.get_constraints():
        for constraint in constraints:
            try:
                constraint.validate(model, row, exclude=None if exclude is None else set(exclude))
            except ValidationError as error:
                errors.setdefault(BESIDE.get(constraint.name, NON_FIELD_ERRORS), []).append(error)
    if errors:
        raise ValidationError(errors)


@contextmanager
def refusals_named(model: type[models.Model]) -> Iterator[None]:
    """Save within this block: what a constraint in ``BESIDE`` refuses is raised as ValidationError beside its field.

    The database is the judge, because only it sees what others write at the same moment. A savepoint keeps the
    transaction usable, so that the page can be shown again with everything that was typed.
    """
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        name = getattr(getattr(error.__cause__, "diag", None), "constraint_name", None)
        field = BESIDE.get(name or "")
        message = next((c.violation_error_message for c in model._meta.constraints if c.name == name), None)
        if field is None or message is None:
            raise
        raise ValidationError({field: str(message)}, code=name) from error
