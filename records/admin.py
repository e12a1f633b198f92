"""The chart for administrators: look, correct, and mark as entered in error."""

from typing import TYPE_CHECKING, Any, ClassVar, cast

from django import forms
from django.contrib import admin
from django.contrib.admin.helpers import ActionForm
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from accounts.admin_site import ReadOnlyAdmin, RecordedAdmin
from accounts.models import User, normalise_email
from records.models import (
    Allergy,
    CareRelation,
    ChartEntry,
    EarlierStatement,
    EmergencyAccess,
    EmergencyContact,
    EmergencyReview,
    FamilyHistory,
    Icd10Code,
    Icd10Word,
    Immunization,
    MedicalHistory,
    MedicalInfo,
    Medication,
    SearchWord,
    SocialHistory,
    Source,
    SurgicalHistory,
    VitalSigns,
    VocabularyWord,
    WordKind,
    patients_like,
)
from records.models.emergency import EmergencyAccessQuerySet
from records.models.search import words_of

if TYPE_CHECKING:
    ReviewInline = admin.StackedInline[EmergencyReview, CareRelation]
else:
    ReviewInline = admin.StackedInline


class SearchByPatientMixin(RecordedAdmin):
    """Finds the rows of patients by name or e-mail address, in the index of words that row-level security can use."""

    search_fields = ("patient__email",)
    search_help_text = "The patient's name or e-mail address"
    # Chart entries whose own words are indexed are found by these as well.
    word_kind: ClassVar[WordKind | None] = None

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Rows whose patient has these names or this address, or that hold these words themselves."""
        if not search_term.strip():
            return queryset, False
        if "@" in search_term:
            return queryset.filter(patient__email=normalise_email(search_term)), False
        by_name = patients_like(cast(User, request.user), search_term, WordKind.NAME)
        if by_name is None:
            return queryset.none(), False
        condition = by_name
        if self.word_kind is not None:
            by_word = Q()
            for word in words_of(search_term):
                entries = SearchWord.objects.like(word, self.word_kind).values("entry_id")
                by_word &= Q(pk__in=entries)
            condition = by_name | by_word
        return queryset.filter(condition), False


class ReasonForm(ActionForm):
    """An action with a reason."""

    reason = forms.CharField(required=False, max_length=300, label="Reason")


class ChartEntryAdmin(SearchByPatientMixin):
    """An entry of a chart. A wrong one is corrected, or marked as entered in error with a reason."""

    action_form = ReasonForm
    actions = ["mark_entered_in_error"]
    autocomplete_fields: ClassVar[tuple[str, ...]] = ("patient",)
    list_select_related = ("patient",)
    readonly_fields = (
        "recorded_by",
        "entered_in_error_at",
        "entered_in_error_by",
        "entered_in_error_reason",
    )

    def save_model(self, request: HttpRequest, obj: ChartEntry, form: Any, change: bool) -> None:
        """Store it; what is added withdraws a statement that there is none."""
        if change:
            super().save_model(request, obj, form, change)
        else:
            obj.record(by=cast(User, request.user), source=Source(obj.source))

    @admin.display(boolean=True, description="standing")
    def standing(self, entry: ChartEntry) -> bool:
        """Whether the entry has not been marked as entered in error."""
        return entry.entered_in_error_at is None

    @admin.action(description="Mark as entered in error (give a reason)")
    def mark_entered_in_error(self, request: HttpRequest, entries: QuerySet[Any]) -> None:
        """They stay readable, struck out."""
        reason = request.POST.get("reason", "").strip()[:300]
        number = entries.count()
        if not reason:
            self.tell_done(request, 0, "", skipped=number, why="say why in the field Reason, then choose them again")
            return
        standing = list(entries.filter(entered_in_error_at__isnull=True))
        for entry in standing:
            entry.mark_entered_in_error(by=cast(User, request.user), reason=reason)
            self.log_change(request, entry, "marked as entered in error")
        self.tell_done(request, len(standing), "marked", skipped=number - len(standing), why="they were marked already")


@admin.register(CareRelation)
class CareRelationAdmin(SearchByPatientMixin):
    """Who may see whose data, why and how long. A regular doctor is assigned here; a relation is ended, not removed."""

    list_display = ("patient", "doctor", "kind", "reason", "valid_from", "valid_until")
    list_filter = ("kind", ("valid_until", admin.EmptyFieldListFilter))
    list_select_related = ("patient", "doctor")
    autocomplete_fields = ("patient", "doctor")
    readonly_fields = ("case_id",)
    actions = ["end"]

    @admin.action(description="End relations now")
    def end(self, request: HttpRequest, relations: QuerySet[CareRelation]) -> None:
        """These doctors do not see these patients' data any more."""
        ended = list(relations.in_force())  # type: ignore[attr-defined]  # a CareRelationQuerySet
        CareRelation.objects.filter(pk__in=[relation.pk for relation in ended]).end()
        for relation in ended:
            self.log_change(request, relation, "ended")
        self.tell_done(request, len(ended), "ended")


class Reviewed(admin.SimpleListFilter):
    """Emergency accesses by whether somebody has judged them."""

    title = "review"
    parameter_name = "review"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The two answers."""
        return [("waiting", "To be reviewed"), ("done", "Reviewed")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[CareRelation]) -> QuerySet[CareRelation]:
        """The same words as on the front page."""
        match self.value():
            case "waiting":
                return cast(EmergencyAccessQuerySet, queryset).to_be_reviewed()
            case "done":
                return queryset.filter(review__isnull=False)
            case _:
                return queryset


class EmergencyReviewInline(ReviewInline):
    """The judgement, made once and then only read."""

    model = EmergencyReview
    fk_name = "relation"
    readonly_fields = ("reviewed_by", "created_at")
    can_delete = False
    max_num = 1
    extra = 1

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Who judged, and when, stands there once somebody has."""
        return ["verdict", "note", *(() if self.has_add_permission(request, obj) else self.readonly_fields)]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A judgement stands."""
        return False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Where there is none yet."""
        return obj is not None and not EmergencyReview.objects.filter(relation=obj).exists()


@admin.register(EmergencyAccess)
class EmergencyAccessAdmin(SearchByPatientMixin):
    """Charts that doctors opened without a relation: who, whose, why and how long; to be reviewed here."""

    list_display = ("__str__", "doctor", "patient", "emergency_reason", "reason", "valid_until", "verdict")
    list_filter = (Reviewed, "emergency_reason", "review__verdict")
    list_select_related = ("patient", "doctor", "review")
    fields = ("doctor", "patient", "emergency_reason", "reason", "valid_from", "valid_until", "administrators_told_at")
    readonly_fields = fields
    inlines = (EmergencyReviewInline,)
    ordering = ("-valid_from", "-id")
    worth_a_link = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Doctors make them."""
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Only the judgement is written here."""
        return list(self.fields)

    @admin.display(description="review", ordering="review__verdict")
    def verdict(self, access: EmergencyAccess) -> str:
        """What somebody thought of it."""
        review = getattr(access, "review", None)
        return review.get_verdict_display() if review else "to be reviewed"

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """Who judged, and whose chart it is about, is not typed."""
        for review in formset.save(commit=False):
            review.reviewed_by = cast(User, request.user)
            review.patient_id = review.relation.patient_id
            review.save()
            self.log_change(request, review.relation, "reviewed")


@admin.register(EmergencyReview)
class EmergencyReviewAdmin(SearchByPatientMixin, ReadOnlyAdmin):
    """Judgements of emergency accesses."""

    list_display = ("relation", "patient", "verdict", "reviewed_by", "created_at")
    list_filter = ("verdict",)
    list_select_related = ("relation", "patient", "reviewed_by")


@admin.register(MedicalInfo)
class MedicalInfoAdmin(SearchByPatientMixin):
    """What the chart says of the person."""

    one_line = (
        "primary_physician",
        "pharmacy_name",
        "pharmacy_phone",
        "insurance_provider",
        "insurance_policy_number",
        "insurance_group_number",
    )
    list_display = ("patient", "sex", "blood_type", "assigned_doctor", "no_known_allergies_on", "updated_at")
    list_filter = ("sex", "blood_type", "smoking")
    list_select_related = ("patient", "assigned_doctor")
    autocomplete_fields = ("patient", "assigned_doctor")

    def save_model(self, request: HttpRequest, obj: MedicalInfo, form: Any, change: bool) -> None:
        """Store it, and keep what it said before."""
        before = MedicalInfo.objects.filter(pk=obj.pk).first() if change else None
        super().save_model(request, obj, form, change)
        if before is not None:
            EarlierStatement.keep(before, obj, by=cast(User, request.user), fields=form.changed_data)


@admin.register(EmergencyContact)
class EmergencyContactAdmin(SearchByPatientMixin):
    """Somebody to call."""

    one_line = ("name", "relationship", "phone", "email")
    list_display = ("patient", "position", "name", "relationship", "phone")
    list_select_related = ("patient",)
    autocomplete_fields = ("patient",)


@admin.register(Allergy)
class AllergyAdmin(ChartEntryAdmin):
    """Allergies; found by allergen, too."""

    word_kind = WordKind.ALLERGEN
    search_help_text = "The allergen, or the patient's name or e-mail address"
    list_display = ("allergen", "patient", "kind", "severity", "certainty", "source", "standing")
    list_filter = ("severity", "kind", "certainty", "source", ("entered_in_error_at", admin.EmptyFieldListFilter))


@admin.register(Medication)
class MedicationAdmin(ChartEntryAdmin):
    """Medicines; found by name, too."""

    word_kind = WordKind.MEDICATION
    search_help_text = "The medicine, or the patient's name or e-mail address"
    list_display = ("medication_name", "dosage", "frequency", "patient", "is_active", "started_on", "standing")
    list_filter = ("is_active", "source", ("entered_in_error_at", admin.EmptyFieldListFilter))
    autocomplete_fields = ("patient", "prescribed_by")


@admin.register(MedicalHistory)
class MedicalHistoryAdmin(ChartEntryAdmin):
    """Conditions; found by name, too."""

    word_kind = WordKind.CONDITION
    search_help_text = "The condition, or the patient's name or e-mail address"
    list_display = ("condition", "icd10_code", "patient", "is_active", "diagnosed_on", "resolved_on", "standing")
    list_filter = ("is_active", "source", ("entered_in_error_at", admin.EmptyFieldListFilter))


@admin.register(SurgicalHistory)
class SurgicalHistoryAdmin(ChartEntryAdmin):
    """Operations."""

    list_display = ("__str__", "patient", "performed_on", "date_text", "source", "standing")
    list_filter = ("source",)


@admin.register(FamilyHistory)
class FamilyHistoryAdmin(ChartEntryAdmin):
    """Conditions of relatives."""

    list_display = ("condition", "relation", "patient", "source", "standing")
    list_filter = ("source",)


@admin.register(Immunization)
class ImmunizationAdmin(ChartEntryAdmin):
    """Vaccinations."""

    list_display = ("__str__", "patient", "given_on", "date_text", "source", "standing")
    list_filter = ("source",)


@admin.register(SocialHistory)
class SocialHistoryAdmin(ChartEntryAdmin):
    """What somebody's life is like."""

    one_line = ("statement_text",)
    list_display = ("topic", "patient", "source", "standing")
    list_filter = ("topic", "source")


@admin.register(VitalSigns)
class VitalSignsAdmin(ChartEntryAdmin):
    """Measurements."""

    list_display = ("__str__", "patient", "systolic", "diastolic", "pulse", "temperature_c", "source", "standing")
    list_filter = ("source", ("entered_in_error_at", admin.EmptyFieldListFilter))
    ordering = ("-measured_at", "-id")


@admin.register(EarlierStatement)
class EarlierStatementAdmin(SearchByPatientMixin, ReadOnlyAdmin):
    """What the medical information said before it was changed."""

    list_display = ("field", "patient", "changed_by", "created_at")
    list_filter = ("field",)
    list_select_related = ("patient", "changed_by")


@admin.register(SearchWord)
class SearchWordAdmin(ReadOnlyAdmin):
    """The index of words, written by the database."""

    worth_a_link = False

    list_display = ("word", "kind", "patient")
    list_filter = ("kind",)
    list_select_related = ("patient",)
    search_fields = ("=word",)
    search_help_text = "One whole word"


@admin.register(VocabularyWord)
class VocabularyWordAdmin(ReadOnlyAdmin):
    """Words that occur somewhere, without whose they are."""

    list_display = ("word", "kind")
    list_filter = ("kind",)
    search_fields = ("^word",)
    search_help_text = "The beginning of a word"


@admin.register(Icd10Code)
class Icd10CodeAdmin(ReadOnlyAdmin):
    """Codes of diagnoses, loaded by a command."""

    worth_a_link = False
    ordering = ("code",)

    list_display = ("code", "title", "is_complete", "release")
    list_filter = ("is_complete",)
    search_fields = ("^code",)
    search_help_text = "The beginning of a code"


@admin.register(Icd10Word)
class Icd10WordAdmin(ReadOnlyAdmin):
    """Words of the classification, for the search."""

    worth_a_link = False
    ordering = ("word",)

    list_display = ("word",)
    search_fields = ("^word",)
    search_help_text = "The beginning of a word"
