"""Dirt in accounts and charts."""

from datetime import datetime
from typing import Any

import bson
from bson import Decimal128, Int64
from bson.datetime_ms import DatetimeMS

from tests.legacy.generator.dirt import ABSENT, Kinds, Place

USER_DIRT = Kinds()
_JAVASCRIPT = "Wed Jan 01 2020 00:00:00 GMT+0100 (CET)"
_HOSTILE = "<script>alert(1)</script>'; DROP TABLE users; --"

USER_DIRT.values(
    ("email_missing", "email", ABSENT, "email_missing"),
    ("email_blank", "email", "   ", "email_missing"),
    ("email_too_long", "email", f"{'a' * 300}@old.example", "email_missing"),
    ("email_no_address", "email", "ask at the desk", "email_not_an_address"),
    ("password_in_clear_text", "password", "letmein-2019", "password_not_kept"),
    ("password_missing", "password", ABSENT, "password_missing"),
    ("password_of_another_kind", "password", {"hash": "abc"}, "password_not_kept"),
    ("role_missing", "role", ABSENT, "role_unknown"),
    ("role_unknown", "role", "nurse", "role_unknown"),
    ("role_respelled", "role", " Patient", "role_respelled"),
    ("first_name_missing", "firstName", ABSENT, "name_of_person_missing"),
    ("last_name_blank", "lastName", " ", "name_of_person_missing"),
    ("last_name_too_long", "lastName", "van der " * 20, "text_shortened"),
    ("phone_is_a_number", "phone", 555123, "number_as_text"),
    ("phone_too_long_for_old_column", "phone", "+00 555 123456 ext. 9999 (ask for the night nurse)", ""),
    ("birth_as_text", "dateOfBirth", "15/06/1990", "date_text_parsed"),
    ("birth_ambiguous", "dateOfBirth", "04/10/1990", "date_not_understood"),
    ("birth_unknown", "dateOfBirth", "unknown", "date_not_understood"),
    # BSON dates have no zone.
    # BSON's dates are UTC and have no zone.
    ("birth_at_midnight_elsewhere", "dateOfBirth", datetime(1971, 5, 3, 22), "civil_day_restored"),  # noqa: DTZ001
    # BSON dates have no zone.
    # BSON's dates are UTC and have no zone.
    ("birth_before_anybody", "dateOfBirth", datetime(12, 1, 1), "date_out_of_range"),  # noqa: DTZ001
    ("birth_outside_the_calendar", "dateOfBirth", DatetimeMS(2**55), "date_out_of_range"),
    ("photo_leads_outside", "profilePhoto", "../../../etc/passwd", ""),
    ("deactivated", "isActive", False, "account_inactive"),
    ("deactivated_as_text", "isActive", "false", "account_inactive"),
    ("verified_as_text", "emailVerified", "true", "yes_no_from_text"),
    ("last_login_as_text", "lastLoginAt", "2023-01-05T10:00:00Z", "date_text_parsed"),
    ("unknown_field", "favouriteColour", {"name": "green", "since": 2011}, "unknown_field"),
    ("secret_in_an_unknown_field", "resetToken", "tok-8812-secret", "secret_not_kept"),
    ("sex_respelled", "gender", "F", "choice_respelled"),
    ("sex_unknown", "gender", "yes please", "choice_unknown"),
    ("blood_type_respelled", "bloodType", "o pos", "choice_respelled"),
    ("blood_type_unknown", "bloodType", "C+", "choice_unknown"),
    ("height_is_a_number", "height", 178, "number_as_text"),
    ("height_is_nan", "height", float("nan"), "not_a_number"),
    ("height_without_sense", "height", "quite tall", "height_as_text"),
    ("weight_is_decimal", "weight", Decimal128("80.50"), "number_as_text"),
    ("weight_without_unit", "weight", "181", "weight_as_text"),
    ("doctor_as_text", "assignedDoctor", "somebody nice", "reference_not_understood"),
    ("allergies_doubled", "allergies", ["Latex", "latex ", "Nickel"], "duplicate_merged"),
    ("allergies_none", "allergies", ["NKDA"], "statement_of_none"),
    ("allergies_none_and_some", "allergies", ["none", "Egg"], "statement_contradicted"),
    ("allergies_not_known", "allergies", ["unknown"], "no_information"),
    ("allergies_in_one_text", "allergies", ["Penicillin, latex; nuts"], "text_split"),
    ("allergies_as_json", "allergies", '["Aspirin", "Egg"]', "json_text_read"),
    ("allergies_as_json_element", "allergies", ['["Aspirin", "Egg"]'], "json_text_read"),
    ("allergies_as_one_text", "allergies", "Shellfish", "one_instead_of_list"),
    ("allergies_blank", "allergies", ["", "  ", "Egg"], ""),
    ("medicines_as_text", "currentMedications", "Metformin 500 mg, Enalapril 10 mg", "text_split"),
    ("medicines_one_object", "currentMedications", {"name": "Metformin", "dosage": ""}, "one_instead_of_list"),
    ("medicines_mixed", "currentMedications", ["Aspirin", {"name": "Iron"}, {"dosage": "5"}], "entry_without_name"),
    ("medicines_none", "currentMedications", ["none"], "statement_of_none"),
    ("medicines_null", "currentMedications", None, ""),
    ("medicines_with_more", "currentMedications", [{"name": "Iron", "colour": "black"}], "unknown_field"),
    ("medicine_too_long", "currentMedications", [{"name": "Iron", "dosage": "5 mg " * 90}], "text_shortened"),
    ("conditions_doubled", "chronicConditions", ["Gout", "GOUT"], "duplicate_merged"),
    ("conditions_in_wrong_type", "chronicConditions", [7.5, ["Gout"]], ""),
    ("history_as_text", "medicalHistory", "Asthma", "one_instead_of_list"),
    ("history_as_json", "medicalHistory", '[{"condition": "Asthma", "diagnosedDate": "2010"}]', "json_text_read"),
    ("history_as_object", "medicalHistory", {"condition": "Asthma"}, "one_instead_of_list"),
    ("history_without_condition", "medicalHistory", [{"notes": "since birth"}], "entry_without_name"),
    ("history_empty_element", "medicalHistory", [{"_id": 5, "notes": " "}, {}], "empty_element"),
    ("history_date_partial", "medicalHistory", [{"condition": "Gout", "diagnosedDate": "2015"}], "date_text_kept"),
    ("history_date_text", "medicalHistory", [{"condition": "Gout", "diagnosedDate": "3.2.2015"}], "date_text_parsed"),
    # BSON dates have no zone.
    # BSON's dates are UTC and have no zone.
    ("operation_with_a_date", "surgicalHistory", [{"procedure": "Tonsillectomy", "date": datetime(1999, 4, 5)}], ""),  # noqa: DTZ001
    ("operation_unnamed", "surgicalHistory", [{"date": "2011", "notes": "abroad"}], "name_missing"),
    ("relative_without_relation", "familyHistory", [{"condition": "Gout"}], ""),
    ("relative_without_condition", "familyHistory", [{"relation": "aunt"}], "name_missing"),
    ("vaccination_in_javascript", "immunizations", [{"vaccine": "Tetanus", "date": _JAVASCRIPT}], "date_text_parsed"),
    ("vaccination_without_id", "immunizations", [{"vaccine": "Tetanus", "date": ""}], "element_id_missing"),
    ("contacts_without_name", "emergencyContacts", [{"phone": "+00 555 1", "email": "not an address"}], ""),
    ("language_is_a_number", "preferredLanguage", 7, "number_as_text"),
    ("insurance_is_a_number", "insurancePolicyNumber", Int64(2**40), "number_as_text"),
    ("smoking_in_words", "smokingStatus", "only at weddings", "lifestyle_as_text"),
    ("alcohol_in_wrong_type", "alcoholConsumption", ["wine"], "wrong_type"),
    ("created_as_text", "createdAt", "2022-05-06T07:08:09.000Z", "date_text_parsed"),
    ("created_missing", "createdAt", ABSENT, ""),
    ("version_counter_missing", "__v", ABSENT, "written_elsewhere"),
    ("version_counter_wide", "__v", Int64(3), ""),
    ("nul_in_a_name", "firstName", "Ad\0a", "nul_removed"),
    ("hostile_text", "pharmacyName", _HOSTILE, ""),
)  # fmt: skip


@USER_DIRT.kind("email_normalised")
def _email_in_upper_case(place: Place) -> None:
    place.fields["email"] = f" {place.fields['email'].upper()}"


@USER_DIRT.kind("email_duplicate")
def _email_of_somebody_else(place: Place) -> None:
    place.fields["email"] = place.clinic.email(place.clinic.patient_number(1)).capitalize()


@USER_DIRT.kind("licence_missing")
def _doctor_without_licence(place: Place) -> None:
    place.fields |= {"role": "doctor", "specialization": "Surgery"}


@USER_DIRT.kind("licence_duplicate", "data_of_other_role")
def _doctor_with_the_licence_of_another_and_a_chart(place: Place) -> None:
    place.fields |= {"role": "doctor", "specialization": "Surgery", "licenseNumber": "OLD-00001"}


@USER_DIRT.kind("reference_to_nobody")
def _doctor_who_was_deleted(place: Place) -> None:
    place.fields["assignedDoctor"] = place.clinic.nobody()


@USER_DIRT.kind("reference_of_wrong_role")
def _doctor_who_is_none(place: Place) -> None:
    place.fields["assignedDoctor"] = place.clinic.patient(0)


@USER_DIRT.kind("reference_from_text")
def _doctor_by_text(place: Place) -> None:
    place.fields["assignedDoctor"] = str(place.clinic.doctor(1))


@USER_DIRT.kind()
def _flat_contact(place: Place) -> None:
    place.fields |= {"emergencyContact": "Aunt Olga", "emergencyContactPhone": "+00 555 3", "emergencyContacts": []}


@USER_DIRT.kind("entry_instead_of_text")
def _allergies_as_objects(place: Place) -> None:
    place.fields["allergies"] = [
        {"allergen": "Egg", "severity": "severe", "reaction": "swelling"},
        {"name": "Latex", "severity": "terrible"},
    ]


@USER_DIRT.kind("element_id_twice")
def _copied_element_ids(place: Place) -> None:
    own = place.clinic.id_of("users", place.number, 900)
    place.fields["familyHistory"] = [{"condition": name, "relation": "aunt", "_id": own} for name in ("Gout", "Asthma")]


@USER_DIRT.kind()
def _nothing_but_an_id(place: Place) -> None:
    for name in list(place.fields):
        if name != "_id":
            del place.fields[name]


@USER_DIRT.kind("unreadable_characters")
def _text_that_is_no_utf8(place: Place) -> bytes:
    place.fields["lastName"] = "Mxxller"
    return bson.encode(place.fields).replace(b"Mxxller", b"M\xfc\xffller")


@USER_DIRT.kind("field_stored_twice")
def _field_stored_twice(place: Place) -> bytes:
    body = bson.encode(place.fields)[4:-1] + bson.encode({"phone": "+00 555 2"})[4:-1]
    return (len(body) + 5).to_bytes(4, "little") + body + b"\0"


@USER_DIRT.kind("unknown_field")
def _nested_deeply(place: Place) -> None:
    inner: Any = {"bottom": 1}
    for _ in range(60):
        inner = {"down": [inner]}
    place.fields["settings"] = inner


@USER_DIRT.kind("civil_day_restored")
def _history_at_midnight_elsewhere(place: Place) -> None:
    place.fields["medicalHistory"] = [
        {"condition": "Gout", "diagnosedDate": datetime(2014, 6, 30, 22)},  # noqa: DTZ001  # BSON
    ]
