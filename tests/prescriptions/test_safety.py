"""What the safety check says, as a table of prescribing situations, and what its loader refuses."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from prescriptions.safety import Alert, Chart, ChartAllergy, ChartMedication, ProposedItem, check
from prescriptions.safety.knowledge import DATA, KnowledgeError, knowledge, load
from prescriptions.safety.recognise import read_allergen, read_medicine

NO_ALLERGIES: tuple[ChartAllergy, ...] = ()


def allergic_to(*allergens: str, reaction: str = "", severity: str = "", certainty: str = "") -> Chart:
    return Chart(allergies=[ChartAllergy(allergen, reaction, severity, certainty) for allergen in allergens])


def taking(*medicines: str) -> Chart:
    return Chart(allergies=NO_ALLERGIES, medications=[ChartMedication(medicine) for medicine in medicines])


def healthy(age: int | None = None, pregnant: bool | None = None) -> Chart:
    return Chart(allergies=NO_ALLERGIES, age=age, pregnant=pregnant)


def checked(*medicines: str, chart: Chart) -> tuple[Alert, ...]:
    return check([ProposedItem(medicine) for medicine in medicines], chart)


def brief(alerts: tuple[Alert, ...]) -> list[str]:
    """`contraindicated allergy 0`: severity, kind and item."""
    return [f"{alert.severity} {alert.kind} {alert.item}" for alert in alerts]


SITUATIONS: list[tuple[tuple[str, ...], Chart, list[str]]] = [
    # The allergen itself, by brand, by synonym, inside a combination, as a group
    (("amoxicillin 500 mg",), allergic_to("Amoxicillin"), ["contraindicated allergy 0"]),
    (("Augmentin 625",), allergic_to("amoxicillin"), ["contraindicated allergy 0"]),
    (("Augmentin 625",), allergic_to("Penicillin"), ["contraindicated allergy 0"]),
    (("co-amoxiclav 500/125",), allergic_to("penicillin (rash)"), ["contraindicated allergy 0"]),
    (("amox/clav",), allergic_to("PENICILLINS"), ["contraindicated allergy 0"]),
    (("flucloxacillin",), allergic_to("Pen V"), ["contraindicated allergy 0"]),
    (("Bactrim DS",), allergic_to("sulfa"), ["contraindicated allergy 0"]),
    (("co-trimoxazole 960mg",), allergic_to("sulfa drugs"), ["contraindicated allergy 0"]),
    (("Nurofen",), allergic_to("NSAIDs"), ["contraindicated allergy 0"]),
    (("aspirin 75 mg",), allergic_to("nsaid"), ["contraindicated allergy 0"]),
    (("Tylenol",), allergic_to("paracetamol"), ["contraindicated allergy 0"]),
    (("co-codamol 30/500",), allergic_to("codeine"), ["contraindicated allergy 0"]),
    (("morphine 10 mg",), allergic_to("opiates"), ["contraindicated allergy 0"]),
    (("lidocaine",), allergic_to("local anaesthetics"), ["contraindicated allergy 0"]),
    (("ramipril",), allergic_to("lisinopril", reaction="angioedema"), ["contraindicated allergy 0"]),
    (("penicillin",), allergic_to("amoxicillin"), ["contraindicated allergy 0", "unchecked unknown_drug 0"]),
    # Cross-reactions, graver after a severe reaction
    (("cefalexin",), allergic_to("amoxicillin"), ["serious allergy 0"]),
    (("cefalexin",), allergic_to("amoxicillin", reaction="anaphylaxis"), ["contraindicated allergy 0"]),
    (("ceftriaxone",), allergic_to("penicillin"), ["caution allergy 0"]),
    (("ceftriaxone",), allergic_to("penicillin", severity="severe"), ["serious allergy 0"]),
    (("meropenem",), allergic_to("penicillin"), ["caution allergy 0"]),
    (("aztreonam",), allergic_to("ceftazidime"), ["serious allergy 0"]),
    (("furosemide",), allergic_to("sulfa"), ["caution allergy 0"]),
    (("sulfasalazine",), allergic_to("co-trimoxazole"), ["contraindicated allergy 0"]),
    (("mesalazine",), allergic_to("aspirin"), ["caution allergy 0"]),
    (("ibuprofen",), allergic_to("aspirin", reaction="asthma"), ["contraindicated allergy 0"]),
    (("celecoxib",), allergic_to("ibuprofen"), ["caution allergy 0"]),
    (("oxycodone",), allergic_to("morphine"), ["serious allergy 0"]),
    (("fentanyl",), allergic_to("morphine"), ["caution allergy 0"]),
    (("phenytoin",), allergic_to("carbamazepine", reaction="Stevens-Johnson"), ["contraindicated allergy 0"]),
    (("Entresto",), allergic_to("ACE inhibitors"), ["contraindicated allergy 0"]),
    (("bupivacaine",), allergic_to("lidocaine"), ["serious allergy 0"]),
    (("amoxicillin",), allergic_to("penicillin", certainty="refuted"), ["caution allergy 0"]),
    # Allergies that have no bearing, or that cannot be judged
    (("azithromycin",), allergic_to("penicillin"), []),
    (("trimethoprim",), allergic_to("penicillin", "cat hair", "pollen"), []),
    (("paracetamol",), allergic_to("ibuprofen"), []),
    (("lidocaine",), allergic_to("procaine"), []),
    (("paracetamol",), allergic_to("NKDA"), []),
    (("paracetamol",), allergic_to("No known drug allergies"), []),
    (("paracetamol",), allergic_to("latex"), ["unchecked allergy 0"]),
    (("paracetamol",), allergic_to("some antibiotic"), ["unchecked allergy 0"]),
    (("paracetamol",), allergic_to("antibiotics"), ["unchecked allergy 0"]),
    (("paracetamol",), allergic_to(""), ["unchecked allergy 0"]),
    (("amoxicillin",), allergic_to("penicilin"), ["contraindicated allergy 0", "unchecked allergy 0"]),
    (("codeine",), allergic_to("penicillin and codeine"), ["contraindicated allergy 0"]),
    (("paracetamol",), Chart(allergies=None), ["unchecked allergy 0"]),
    # The same twice, and two of a class
    (("paracetamol",), taking("Panadol 500 mg"), ["serious duplicate 0"]),
    (("co-codamol 8/500",), taking("paracetamol 1 g"), ["serious duplicate 0"]),
    (("ibuprofen", "naproxen"), healthy(), ["serious duplicate 1"]),
    (("ramipril",), taking("lisinopril"), ["serious duplicate 0"]),
    (("omeprazole",), taking("lansoprazole"), ["caution duplicate 0"]),
    (("atorvastatin",), taking("simvastatin"), ["serious duplicate 0"]),
    (("diltiazem",), taking("verapamil"), ["contraindicated duplicate 0"]),
    (("hydrocortisone cream",), taking("hydrocortisone 10 mg tablets"), ["caution duplicate 0"]),
    (("amlodipine",), taking("ramipril"), []),
    # Interactions, with the chart and between the items
    (("ibuprofen",), taking("warfarin 3 mg"), ["serious interaction 0"]),
    (("ibuprofen",), taking("apixaban"), ["serious interaction 0"]),
    (("Viagra",), taking("isosorbide mononitrate"), ["contraindicated interaction 0"]),
    (("clarithromycin", "simvastatin"), healthy(), ["contraindicated interaction 1"]),
    (("clarithromycin",), taking("atorvastatin"), ["serious interaction 0"]),
    (("clarithromycin",), taking("rosuvastatin"), []),
    (("methotrexate",), taking("sulfasalazine"), []),
    (("levodopa",), taking("selegiline"), []),
    (("levodopa",), taking("phenelzine"), ["contraindicated interaction 0"]),
    (("fluoxetine",), taking("selegiline"), ["serious interaction 0"]),
    (("sertraline",), taking("phenelzine"), ["contraindicated interaction 0"]),
    (("linezolid",), taking("fluoxetine"), ["contraindicated interaction 0"]),
    (("methotrexate",), taking("trimethoprim"), ["contraindicated interaction 0"]),
    (("Septrin",), taking("methotrexate"), ["contraindicated interaction 0", "contraindicated interaction 0"]),
    (("allopurinol",), taking("azathioprine"), ["contraindicated interaction 0"]),
    (("tramadol",), taking("sertraline"), ["serious interaction 0"]),
    (("diazepam",), taking("oxycodone"), ["serious interaction 0"]),
    (("spironolactone",), taking("ramipril"), ["serious interaction 0"]),
    (("verapamil",), taking("bisoprolol"), ["serious interaction 0"]),
    (("ciprofloxacin",), taking("tizanidine"), ["contraindicated interaction 0"]),
    (("ciprofloxacin",), taking("theophylline"), ["serious interaction 0"]),
    (("citalopram",), taking("haloperidol"), ["serious interaction 0"]),
    (("rifampicin",), taking("Microgynon"), ["serious interaction 0", "serious interaction 0"]),
    (("meropenem",), taking("sodium valproate"), ["contraindicated interaction 0"]),
    (("omeprazole",), taking("clopidogrel"), ["caution interaction 0"]),
    (("levothyroxine",), taking("ferrous sulfate"), ["caution interaction 0"]),
    (("timolol eye drops",), taking("verapamil"), ["caution interaction 0"]),
    (("lithium",), taking("ibuprofen"), ["serious interaction 0"]),
    (("metformin",), taking("ramipril"), []),
    # Pregnancy and age
    (("isotretinoin",), healthy(pregnant=True), ["contraindicated population 0"]),
    (("ramipril",), healthy(pregnant=True), ["contraindicated population 0"]),
    (("ramipril",), healthy(pregnant=False), []),
    (("ramipril",), healthy(pregnant=None), []),
    (("aspirin 300 mg",), healthy(age=15), ["serious population 0"]),
    (("aspirin 300 mg",), healthy(age=16), []),
    (("codeine",), healthy(age=11), ["contraindicated population 0"]),
    (("diazepam",), healthy(age=64), []),
    (("diazepam",), healthy(age=65), ["caution population 0"]),
    # Unknown, misspelt, several, safe
    (("foobarine 5 mg",), healthy(), ["unchecked unknown_drug 0"]),
    (("",), healthy(), ["unchecked unknown_drug 0"]),
    (("500 mg",), healthy(), ["unchecked unknown_drug 0"]),
    (("paracetamol",), taking("foobarine"), ["unchecked unknown_drug 0"]),
    (("ibuprofen with foobarine",), healthy(), ["unchecked unknown_drug 0"]),
    (("amoxicilin",), healthy(), ["unchecked unknown_drug 0"]),
    (("amoxicilin",), allergic_to("penicillin"), ["contraindicated allergy 0", "unchecked unknown_drug 0"]),
    (("warfrin",), taking("aspirin"), ["serious interaction 0", "unchecked unknown_drug 0"]),
    (("statin",), healthy(), ["unchecked unknown_drug 0"]),
    (("Metformin XR 500mg tablets twice daily",), healthy(), []),
    (("atorvastatin calcium 20 mg",), healthy(), []),
    (("vitamin D and calcium",), healthy(), ["unchecked unknown_drug 0"]),
    (("magnesium",), healthy(), ["unchecked unknown_drug 0"]),
    (("Paracetamol 500mg", "Amoxicillin500mg caps", "Cetirizine 10mg"), healthy(age=40), []),
]


@pytest.mark.parametrize(("medicines", "chart", "expected"), SITUATIONS)
def test_a_prescribing_situation_raises_exactly_these_alerts(
    medicines: tuple[str, ...], chart: Chart, expected: list[str]
) -> None:
    assert brief(checked(*medicines, chart=chart)) == expected


def test_an_alert_says_why_in_the_words_of_the_chart_and_of_the_prescription() -> None:
    (alert,) = checked("Augmentin 625", chart=allergic_to("Penicillin", reaction="hives", severity="moderate"))

    assert alert.title == "Allergy to penicillins"
    assert alert.reason == "Amoxicillin belongs to penicillins."
    assert "'Penicillin'" in alert.evidence
    assert "reaction: hives" in alert.evidence
    assert "'Augmentin 625' (co-amoxiclav)" in alert.evidence


def test_a_rule_nobody_reviewed_is_marked_so() -> None:
    (alert,) = checked("ibuprofen", chart=taking("warfarin"))

    assert alert.source == "unreviewed"


def test_a_correction_says_what_was_written_and_what_was_read() -> None:
    (alert,) = checked("amoxicilin 500 mg", chart=healthy())

    assert alert.title == "'amoxicilin' was read as amoxicillin"
    assert alert.severity == "unchecked"


def test_a_word_equally_near_to_two_medicines_is_not_corrected() -> None:
    (alert,) = checked("prednisolne 5 mg", chart=healthy())  # one letter from prednisolone and from prednisone

    assert alert.title == "Not checked: 'prednisolne'"
    assert "Perhaps prednisolone or prednisone?" in alert.reason


def test_the_gravest_alert_comes_first() -> None:
    alerts = checked("foobarine", "omeprazole", "Viagra", chart=taking("clopidogrel", "isosorbide mononitrate"))

    assert [alert.severity for alert in alerts] == ["contraindicated", "caution", "unchecked"]


def test_two_items_that_interact_are_reported_once_at_the_later_one() -> None:
    alerts = checked("warfarin", "metformin", "naproxen", chart=healthy())

    assert [(alert.kind, alert.item) for alert in alerts] == [("interaction", 2)]


def test_what_concerns_all_items_is_said_once_at_the_first() -> None:
    alerts = checked("paracetamol", "cetirizine", chart=allergic_to("latex"))

    assert [(alert.title, alert.item) for alert in alerts] == [("Not checked against the allergy 'latex'", 0)]


def test_an_empty_prescription_raises_nothing_even_when_allergies_were_not_asked() -> None:
    assert check([], Chart()) == ()


def test_the_ingredients_of_one_product_are_not_held_against_each_other() -> None:
    assert checked("Entresto", chart=healthy()) == ()


@pytest.mark.parametrize(
    ("text", "ingredients"),
    [
        ("Augmentin 625", {"amoxicillin", "clavulanic acid"}),
        ("Tylenol #3", {"codeine", "paracetamol"}),
        ("acetaminophen/codeine 300/30", {"paracetamol", "codeine"}),
        ("PARACÉTAMOL 1g", {"paracetamol"}),
        ("silver sulfadiazine cream", {"sulfadiazine"}),
        ("vitamin B12 injection", {"cyanocobalamin"}),
        ("insulin glargine 10 units", {"insulin glargine"}),
        ("sodium valproate 500 mg MR", {"valproate"}),
    ],
)
def test_a_medicine_is_recognised_among_strengths_forms_and_synonyms(text: str, ingredients: set[str]) -> None:
    reading = read_medicine(text)

    assert {substance.key for substance in reading.substances} == ingredients
    assert reading.unread == ()
    assert reading.corrections == ()


@pytest.mark.parametrize("allergen", ["latex", "iodine", "egg", "milk", "lactose", "peanuts", "plaster", "soya"])
def test_what_may_be_part_of_a_medicine_is_never_taken_for_harmless(allergen: str) -> None:
    assert read_allergen(allergen).unread


def test_the_packaged_knowledge_is_large_enough_and_every_entry_has_a_source() -> None:
    base = knowledge()

    assert sum(not substance.is_class for substance in base.substances.values()) >= 500
    assert len(base.interactions) >= 40
    for rules in (base.cross_reactions, base.duplicates, base.interactions, base.populations):
        assert rules
        assert all(rule.source for rule in rules)


def test_no_filling_word_is_also_the_name_of_a_medicine() -> None:
    base = knowledge()

    names = {key[0] for key in (base.names | base.allergy_groups) if len(key) == 1}
    assert not names & (base.filling_words | base.allergy_words | base.minerals)


@pytest.mark.parametrize(
    ("name", "appended", "complaint"),
    [
        (
            "ingredients/commonly_on_charts.toml",
            '[x]\nclasses = ["no-such"]\nsource = "unreviewed"',
            "no class 'no-such'",
        ),
        ("ingredients/commonly_on_charts.toml", '[x]\nclasses = ["statins"]', "source is missing"),
        (
            "ingredients/commonly_on_charts.toml",
            '[x]\nclasses = ["statins"]\nbrands = ["Amoxil"]\nsource = "s"',
            "already stands for amox",
        ),
        ("products.toml", '[x]\ningredients = ["no-such"]\nsource = "s"', "no ingredient 'no-such'"),
        ("duplicates.toml", '[[duplicate]]\nclass = "ibuprofen"\nseverity = "serious"', "no class 'ibuprofen'"),
        (
            "interactions.toml",
            '[[interaction]]\nfirst = ["statins"]\nsecond = ["nsaids"]\nseverity = "unchecked"',
            "severity must be one of",
        ),
        (
            "populations.toml",
            '[[age]]\nmembers = ["statins"]\nseverity = "serious"\nreason = "r"\nsource = "s"',
            "an age needs either under or over",
        ),
        ("classes.toml", "[x", "classes.toml"),
    ],
)
def test_a_wrong_entry_is_refused_with_its_file_and_the_mistake(
    tmp_path: Path, name: str, appended: str, complaint: str
) -> None:
    folder = tmp_path / "data"
    shutil.copytree(DATA, folder)
    with (folder / name).open("a", encoding="utf-8") as file:
        file.write(f"\n{appended}\n")

    with pytest.raises(KnowledgeError, match=complaint) as refusal:
        load(folder)

    assert name in str(refusal.value)


def test_the_pure_parts_can_be_imported_without_django_being_set_up() -> None:
    code = (
        "import prescriptions.safety, prescriptions.wording, prescriptions.pdf;"
        "from django.apps import apps; from django.conf import settings;"
        "assert not apps.ready and not settings.configured"
    )

    done = subprocess.run([sys.executable, "-c", code], env={}, cwd=DATA.parents[2], check=False, capture_output=True)

    assert done.returncode == 0, done.stderr
