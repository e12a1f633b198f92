"""Each warning sign and presentation: stated, denied, long past, somebody else's. The sentences come from a table."""

import pytest

from conversations.intake import Assessment, Turn, assess
from conversations.intake.assessment import understand
from conversations.intake.concepts import concepts
from conversations.intake.red_flags import Rule, rules

NAMES = {
    "abuse": "domestic violence",
    "ascending_weakness": "weakness creeping up my legs",
    "black_stool": "a black tarry stool",
    "cannot_pass_urine": "urinary retention",
    "exposure_to_infection": "a needlestick",
    "fruity_breath": "ketones",
    "one_leg_swollen": "a swollen calf",
    "breathless_lying": "breathlessness lying flat",
    "breathless_severe": "breathlessness at rest",
    "high_fever": "a temperature of 39.5",
    "high_sugar": "high sugar",
    "late_pregnancy": "a third trimester pregnancy",
    "limb_cold_and_pale": "a cold and pale leg",
    "major_injury": "a stab wound",
    "pregnant": "a positive pregnancy test",
    "rigid_abdomen": "a belly hard as a board",
    "skin_infection": "redness spreading up my leg",
    "trapped_hernia": "a hernia that is painful",
    "unexplained_bruises": "unexplained bruises",
    "young_baby": "a newborn baby",
}
"""How a noun names what the label of a concept does not name in a patient's words."""
NOT_NAMED = {
    "in_danger_now",
    "despair",
    "dehydration",
    "vomiting_in_pregnancy",
    "several_danger_signs",
    "severe_pain",
    "fever_that_lasts",
}
"""Rules about what only a sentence can say, a score, a count or a length of time; they have tests of their own."""


def plain_row(rule: Rule) -> tuple[str, ...]:
    """The first row of a rule that needs no more than that things are stated, at some age, by somebody of some sex."""
    return next(row for row in rule.when if not any(":" in item and not item.startswith("sex:") for item in row))


def named(rule: Rule) -> list[str]:
    codes = [item for item in plain_row(rule) if not item.startswith(("!", "age", "sex:"))]
    return [NAMES.get(code, concepts()[code].label) for code in codes]


def said(text: str, rule: Rule) -> Assessment:
    age, sex = 40, None
    for item in plain_row(rule):
        if item.startswith("age>="):
            age = int(item.removeprefix("age>=")) + 1
        elif item.startswith("age<"):
            age = max(int(float(item.removeprefix("age<"))) - 1, 0)
        elif item.startswith("sex:"):
            sex = item.removeprefix("sex:")
    return assess([Turn("patient", text, reference="m")], age=age, sex=sex)


def codes(found: Assessment) -> list[str]:
    return [flag.code for flag in found.red_flags]


RULES = [rule for rule in rules() if rule.code not in NOT_NAMED]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_a_warning_sign_that_is_stated_is_raised(rule: Rule) -> None:
    assert rule.code in codes(said(f"I have {' and '.join(named(rule))}", rule))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_a_warning_sign_that_is_denied_is_not_raised(rule: Rule) -> None:
    denied = " and ".join(f"no {name.removeprefix('a ')}" for name in named(rule))
    assert rule.code not in codes(said(f"I have {denied}", rule))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_a_warning_sign_of_long_ago_is_not_raised(rule: Rule) -> None:
    found = said(f"Ten years ago I had {', '.join(named(rule))}. Today I only need a form.", rule)
    assert rule.code not in codes(found)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_a_warning_sign_of_somebody_else_is_not_raised(rule: Rule) -> None:
    found = said(f"My uncle has {' and '.join(named(rule))}. I have an itchy elbow and need a form.", rule)
    assert rule.code not in codes(found)


PRESENTATIONS = {
    "chest_pain": "chest pain",
    "breathlessness": "shortness of breath",
    "allergic_reaction": "swelling of my lips",
    "stroke_like": "weakness in my left arm",
    "headache": "a headache",
    "abdominal_pain": "tummy pain",
    "diarrhoea_and_vomiting": "diarrhoea",
    "urinary": "cystitis",
    "pregnancy_and_periods": "vaginal bleeding",
    "testicular": "pain in my testicle",
    "back_pain": "back pain",
    "head_injury": "a head injury",
    "limb_or_joint": "knee pain",
    "skin": "a rash",
    "eye": "a red eye",
    "ear": "earache",
    "dizziness": "dizziness",
    "sore_throat": "a sore throat",
    "cough_and_cold": "a cough",
    "fever": "a fever",
    "tiredness": "tiredness",
    "mental_health": "low mood",
    "palpitations": "palpitations",
    "collapse": "a blackout",
    "seizure": "a seizure",
    "crisis": "thoughts of suicide",
    "psychosis": "hallucinations",
    "abuse": "domestic violence",
    "overdose": "an overdose",
    "withdrawal": "alcohol withdrawal",
    "sleep": "insomnia",
    "memory": "memory loss",
    "diabetes": "high sugar",
    "weight_loss": "weight loss",
    "heartburn": "heartburn",
    "constipation": "constipation",
    "gut_bleeding": "blood in my stool",
    "jaundice": "jaundice",
    "swallowing": "trouble swallowing",
    "mouth": "toothache",
    "nosebleed": "a nosebleed",
    "hearing": "hearing loss",
    "hay_fever": "hay fever",
    "swollen_leg": "a swollen calf",
    "cold_limb": "a cold and pale foot",
    "neck_pain": "neck pain",
    "burn": "a scald",
    "bite_or_sting": "a wasp sting",
    "lump": "a lump",
    "bruising": "unexplained bruises",
    "shingles": "shingles",
    "discharge": "vaginal discharge",
    "pregnancy": "contractions",
    "menopause": "hot flushes",
    "side_effect": "side effects",
    "tremor": "a tremor",
}


def planned(text: str) -> str:
    return understand([Turn("patient", text, reference="m")], age=40).plan.code


@pytest.mark.parametrize(("presentation", "name"), PRESENTATIONS.items())
def test_a_complaint_has_the_questions_of_its_presentation(presentation: str, name: str) -> None:
    assert planned(f"I have {name}") == presentation


@pytest.mark.parametrize(("presentation", "name"), PRESENTATIONS.items())
def test_a_complaint_that_is_denied_long_past_or_somebody_elses_is_not_asked_about(
    presentation: str, name: str
) -> None:
    assert planned(f"I have no {name.removeprefix('a ')}") != presentation
    assert planned(f"Ten years ago I had {name}. Today I only need a form.") != presentation
    own = "a cough" if presentation == "limb_or_joint" else "a sore elbow"
    assert planned(f"My uncle has {name}. I have {own}.") != presentation
