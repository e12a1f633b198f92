"""What every entry of the chart has and can do, and the words for querying entries."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar, Self

import pgtrigger
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Cast, Lower, Trim
from django.utils import timezone

from accounts.models import User
from medichat.db.base import ImportableModel, choices_constraint
from medichat.db.encrypted import EncryptedTextField
from medichat.refusals import ConflictError
from records.models.care import visible_patients
from records.models.person import MedicalInfo
from records.models.violations import refusals_named, validate_beside_fields
from records.signals import tell


def normalised(name: F | Cast) -> Lower:
    """The form in which names are compared: lower case, trimmed, runs of white space as one blank."""
    squeezed = Func(
        name, Value(r"\s+"), Value(" "), Value("g"), function="regexp_replace", output_field=models.TextField()
    )
    return Lower(Trim(squeezed))


def normalised_field(column: str) -> models.GeneratedField:
    """A stored column with the normalised form, so that ``=`` on it can use an index under row-level security."""
    return models.GeneratedField(expression=normalised(F(column)), output_field=models.TextField(), db_persist=True)


class Source(models.TextChoices):
    """Where a chart entry comes from."""

    PATIENT = "patient", "Stated by the patient"
    DOCTOR = "doctor", "Recorded by a doctor"
    INTAKE = "intake", "From a consultation"
    IMPORT = "import", "From the previous system"


class ChartEntryQuerySet(models.QuerySet[Any]):
    """Words for queries on chart entries."""

    def visible_to(self, user: User) -> Self:
        """Entries of the patients whose chart this person may see."""
        return self.filter(visible_patients(user))

    def of_patient(self, patient: User) -> Self:
        """One patient's entries."""
        return self.filter(patient=patient)

    def standing(self) -> Self:
        """Entries that are not marked as entered in error."""
        return self.filter(entered_in_error_at__isnull=True)

    def named(self, name: str) -> Self:
        """Entries of exactly this name, whatever its case and blanks; PostgreSQL normalises it as it did the column."""
        # Typed, because a bound parameter has no type by which PostgreSQL could choose the function.
        given = normalised(Cast(Value(name), models.TextField()))
        return self.filter(**{self.model.name_column: given})

    def with_people(self) -> Self:
        """Together with who recorded them and who struck them out."""
        return self.select_related("recorded_by", "entered_in_error_by")


@dataclass(frozen=True)
class BesideNone:
    """Entries whose ``column`` holds ``value`` can stand beside the statement that there is none."""

    column: str
    value: str | bool

    @property
    def sql(self) -> str:
        """The value as PostgreSQL writes it."""
        return str(self.value).lower() if isinstance(self.value, bool) else f"'{self.value}'"


NOT_IN_ERROR = Q(entered_in_error_at__isnull=True)


class ChartEntry(ImportableModel):
    """What every chart entry has: whose it is, where it comes from, and whether it was entered in error.

    Entries are never deleted: a wrong one is marked, with who, when and why. Whoever adds, corrects or strikes out does
    it through the methods below, which tell what happened; a trigger keeps statements such as 'no known allergies' in
    step.
    """

    statement: ClassVar[str] = ""
    """The field of MedicalInfo with the day on which the patient said that there is no such entry."""
    beside_none: ClassVar[BesideNone | None] = None
    """Which entries can stand beside that statement, if any; the trigger ``withdraws_none`` is given the same."""
    name_column: ClassVar[str] = ""
    """The normalised column by which entries are found, where there is one."""

    patient = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    source = models.CharField(max_length=10, choices=Source, default=Source.DOCTOR)
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, editable=False, related_name="+"
    )
    notes = EncryptedTextField(null=True, blank=True)
    entered_in_error_at = models.DateTimeField(null=True, blank=True, editable=False)
    entered_in_error_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, editable=False, related_name="+"
    )
    entered_in_error_reason = models.CharField(max_length=300, blank=True, editable=False)
    corrects = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        help_text="The earlier version, struck out when this one took its place.",
    )

    objects = ChartEntryQuerySet.as_manager()

    class Meta(ImportableModel.Meta):
        abstract = True
        constraints = [
            *ImportableModel.Meta.constraints,
            choices_constraint("source", Source, name="%(class)s_source"),
            models.CheckConstraint(
                name="%(class)s_error_has_person_and_reason",
                condition=NOT_IN_ERROR | (Q(entered_in_error_by__isnull=False) & ~Q(entered_in_error_reason="")),
            ),
        ]

    def validate_constraints(self, exclude: Collection[str] | None = None) -> None:
        """As Django does, with the errors beside their fields (see ``violations``)."""
        validate_beside_fields(self, exclude)

    @property
    def says_something(self) -> bool:
        """Whether 'none' cannot be true beside this entry while it stands."""
        return self.beside_none is None or getattr(self, self.beside_none.column) != self.beside_none.value

    def may_be_changed_by(self, user: User) -> bool:
        """Whoever treats the patient may correct every entry; patients only what they recorded themselves."""
        return not user.is_patient or self.recorded_by_id == user.pk

    def record(self, *, by: User, source: Source | None = None) -> None:
        """Add this entry to the chart; a statement that there is none of its kind is withdrawn.

        Raises ValidationError, beside the field, for what the database refuses (see ``violations``).
        """
        fields = self._insert(by, source)
        tell(self, "added", by=by, fields=fields)

    def correct(self, replacement: Self, *, by: User, reason: str) -> None:
        """Strike this entry out and add the replacement, as one act.

        Raises as ``record`` and ``mark_entered_in_error`` do; then neither happens.
        """
        replacement.patient, replacement.corrects = self.patient, self
        before = self.entered_in_error_at, self.entered_in_error_by, self.entered_in_error_reason
        try:
            with transaction.atomic():
                self._strike_out(by, reason)
                replacement._insert(by, None)
        except Exception:
            self.entered_in_error_at, self.entered_in_error_by, self.entered_in_error_reason = before
            raise
        tell(replacement, "corrected", by=by, fields=self._differences(replacement))

    def mark_entered_in_error(self, *, by: User, reason: str) -> None:
        """Strike the entry out; it stays readable.

        Raises ValueError without a reason, PermissionDenied for a patient and somebody else's entry, ConflictError
        when it is struck out already.
        """
        with transaction.atomic():
            self._strike_out(by, reason)
        tell(self, "entered_in_error", by=by, fields=["entered_in_error_reason"])

    def save_end(self, *, by: User, fields: Collection[str]) -> None:
        """Save that it is over (the fields say since when); for the methods of the kinds that can end."""
        self._lock_for_change(by)
        with refusals_named(type(self)):
            self.save(update_fields=list(fields))
        tell(self, "ended", by=by, fields=fields)

    @classmethod
    def state_none(cls, *, patient: User, by: User, on: date | None = None) -> MedicalInfo:
        """The patient says that there is nothing of this kind ('no known allergies'), today unless a day is given.

        Raises ConflictError while an entry says otherwise.
        """
        info = MedicalInfo.locked(patient)
        if any(entry.says_something for entry in cls.objects.of_patient(patient).standing()):
            raise ConflictError(f"There are {cls._meta.verbose_name_plural} on the record, so 'none' cannot be stated.")
        setattr(info, cls.statement, on or timezone.localdate())
        info.save_changes(by=by, fields=[cls.statement], action="stated")
        return info

    def _insert(self, by: User, source: Source | None) -> list[str]:
        self.recorded_by = by
        self.source = source or (Source.PATIENT if by.is_patient else Source.DOCTOR)
        # Made and locked first: nobody can state 'none' while this entry is being added. The trigger withdraws it.
        info = MedicalInfo.locked(self.patient) if self.statement else None
        stated = info is not None and getattr(info, self.statement) is not None
        with refusals_named(type(self)):
            self.save(force_insert=True)
        if info and stated:
            info.refresh_from_db(fields=[self.statement])
            if getattr(info, self.statement) is None:
                tell(info, "withdrawn", by=by, fields=[self.statement])
        return self._said()

    def _strike_out(self, by: User, reason: str) -> None:
        if not reason.strip():
            raise ValueError("Say why the entry is wrong.")
        self._lock_for_change(by)
        self.entered_in_error_at = timezone.now()
        self.entered_in_error_by = by
        self.entered_in_error_reason = reason.strip()
        self.save(update_fields=["entered_in_error_at", "entered_in_error_by", "entered_in_error_reason"])

    def _lock_for_change(self, by: User) -> None:
        if not self.may_be_changed_by(by):
            raise PermissionDenied("The clinic recorded this entry. Tell your doctor what is wrong about it.")
        rows = type(self).objects.select_for_update().filter(pk=self.pk)
        if rows.values_list("entered_in_error_at", flat=True).get() is not None:
            raise ConflictError("This entry has been marked as entered in error already.")

    @classmethod
    def stated_columns(cls) -> list[Any]:
        """The columns that people fill in."""
        return [field for field in cls._meta.concrete_fields if field.editable and not field.generated]

    def _said(self) -> list[str]:
        """The names of the fields that say something."""
        return [field.name for field in self.stated_columns() if getattr(self, field.attname) not in (None, "")]

    def _differences(self, other: Self) -> list[str]:
        return [
            field.name
            for field in self.stated_columns()
            if getattr(self, field.attname) != getattr(other, field.attname)
        ]


def index_words(kind: str, column: str) -> list[pgtrigger.Trigger]:
    """Keep the search words of entries in step with them (see ``records.models.search``).

    New entries are looked through together, once for each statement: an import adds thousands at a time.
    """
    # kind and column are names from this module, never input.
    return [
        pgtrigger.Trigger(
            name="index_words",
            when=pgtrigger.After,
            operation=pgtrigger.UpdateOf(column, "patient_id", "entered_in_error_at")  # type: ignore[no-untyped-call]  # pgtrigger's is untyped
            | pgtrigger.Delete,
            func=f"""
                DELETE FROM search_words WHERE entry_id = OLD.id;
                IF TG_OP = 'UPDATE' AND NEW.entered_in_error_at IS NULL THEN
                    PERFORM index_search_words('{kind}', NEW.{column}, NEW.patient_id, NEW.id);
                END IF;
                RETURN NULL;
            """,  # noqa: S608 -- see above  # nosec B608
        ),
        pgtrigger.Trigger(
            name="index_new_words",
            when=pgtrigger.After,
            operation=pgtrigger.Insert,
            level=pgtrigger.Statement,
            referencing=pgtrigger.Referencing(new="added"),  # type: ignore[no-untyped-call]  # pgtrigger's is untyped
            func=f"""
                WITH said AS MATERIALIZED (
                    SELECT patient_id, id, word FROM added, LATERAL words_in({column}) AS word
                    WHERE entered_in_error_at IS NULL
                ), vocabulary AS (
                    INSERT INTO vocabulary_words (kind, word) SELECT DISTINCT '{kind}', word FROM said ORDER BY word
                    ON CONFLICT DO NOTHING
                )
                INSERT INTO search_words (kind, word, patient_id, entry_id)
                SELECT '{kind}', word, patient_id, id FROM said;
                RETURN NULL;
            """,  # noqa: S608 -- see above  # nosec B608
        ),
    ]


def withdraws_none(statement: str, *, unless: BesideNone | None = None) -> list[pgtrigger.Trigger]:
    """An entry that is added, or comes to stand again, withdraws the statement that there is none: whoever writes it.

    The row of the statement is locked first, so that nobody states 'none' while the entry is not committed yet. New
    entries are looked at together, once for each statement.
    """

    def says_something(row: str) -> str:
        beside_none = f" AND {row}{unless.column} IS DISTINCT FROM {unless.sql}" if unless else ""
        return f"{row}entered_in_error_at IS NULL{beside_none}"

    changes = ["patient_id", "entered_in_error_at", *([unless.column] if unless else [])]
    # Names and values from this package, never input.
    added = f"(SELECT patient_id FROM added WHERE {says_something('')})"  # noqa: S608  # nosec B608
    return [
        pgtrigger.Trigger(
            name="withdraws_none",
            when=pgtrigger.After,
            operation=pgtrigger.UpdateOf(*changes),  # type: ignore[no-untyped-call]  # pgtrigger's is untyped
            func=f"""
                IF {says_something("NEW.")} THEN
                    PERFORM 1 FROM patient_medical_info WHERE patient_id = NEW.patient_id FOR UPDATE;
                    UPDATE patient_medical_info SET {statement} = NULL
                    WHERE patient_id = NEW.patient_id AND {statement} IS NOT NULL;
                END IF;
                RETURN NULL;
            """,  # noqa: S608 -- see above  # nosec B608
        ),
        pgtrigger.Trigger(
            name="new_withdraw_none",
            when=pgtrigger.After,
            operation=pgtrigger.Insert,
            level=pgtrigger.Statement,
            referencing=pgtrigger.Referencing(new="added"),  # type: ignore[no-untyped-call]  # pgtrigger's is untyped
            func=f"""
                PERFORM 1 FROM patient_medical_info WHERE patient_id IN {added} ORDER BY patient_id FOR UPDATE;
                UPDATE patient_medical_info SET {statement} = NULL
                WHERE patient_id IN {added} AND {statement} IS NOT NULL;
                RETURN NULL;
            """,  # noqa: S608 -- see above  # nosec B608
        ),
    ]
