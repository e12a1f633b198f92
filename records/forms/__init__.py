"""What people fill in about a chart."""

from records.forms.acts import EndForm, WrongEntryForm
from records.forms.entries import (
    AllergyForm,
    ConditionForm,
    EntryForm,
    FamilyForm,
    ImmunizationForm,
    MedicationForm,
    OperationForm,
    PatientAllergyForm,
    PatientConditionForm,
    PatientFamilyForm,
    PatientImmunizationForm,
    PatientMedicationForm,
    PatientOperationForm,
    PatientSocialForm,
    SocialForm,
)
from records.forms.person import AboutForm, ContactForm, ServicesForm
from records.forms.vitals import PatientVitalsForm, VitalsForm

__all__ = [
    "AboutForm",
    "AllergyForm",
    "ConditionForm",
    "ContactForm",
    "EndForm",
    "EntryForm",
    "FamilyForm",
    "ImmunizationForm",
    "MedicationForm",
    "OperationForm",
    "PatientAllergyForm",
    "PatientConditionForm",
    "PatientFamilyForm",
    "PatientImmunizationForm",
    "PatientMedicationForm",
    "PatientOperationForm",
    "PatientSocialForm",
    "PatientVitalsForm",
    "ServicesForm",
    "SocialForm",
    "VitalsForm",
    "WrongEntryForm",
]
