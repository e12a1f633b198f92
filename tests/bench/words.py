"""What the made-up people of the bench are called, say and suffer from; sentences with the spread of real ones."""

import random

FIRST_NAMES = (
    "Ada", "Bruno", "Celia", "Dario", "Edith", "Felix", "Greta", "Hugo", "Ines", "Jonas", "Karla", "Leon", "Mina",
    "Nils", "Olga", "Pavel", "Rosa", "Simon", "Tilda", "Uwe", "Vera", "Walter", "Xenia", "Yann", "Zora", "Amir",
    "Beata", "Cyril", "Dora", "Emil", "Flora", "Gustav", "Hanna", "Igor", "Jana", "Kurt", "Lena", "Milan", "Nora",
    "Otto", "Petra",
)  # fmt: skip
LAST_SYLLABLES = (
    ("Ar", "Bel", "Cor", "Dal", "Er", "Fal", "Gor", "Hal", "Is", "Jor", "Kal", "Lor", "Mar", "Nor", "Or", "Pal"),
    ("an", "ber", "cin", "den", "en", "fel", "gan", "hol", "in", "kov", "len", "mer", "nar", "os", "per", "rin"),
    ("", "a", "ek", "er", "i", "man", "ov", "sen", "ski", "ström", "ton", "vic", "well", "wick"),
)
ALLERGENS = (
    "Penicillin", "Amoxicillin", "Sulfamethoxazole", "Ibuprofen", "Aspirin", "Latex", "Peanut", "Hazelnut", "Shellfish",
    "Egg", "Cow's milk", "Birch pollen", "Grass pollen", "House dust mite", "Bee venom", "Nickel", "Iodine contrast",
    "Codeine", "Diclofenac", "Cefuroxime", "Clarithromycin", "Strawberry", "Cat hair", "Horse hair",
)  # fmt: skip
MEDICINES = (
    ("Metformin", "500 mg", "twice a day"), ("Enalapril", "10 mg", "once a day"), ("Simvastatin", "20 mg", "at night"),
    ("Levothyroxine", "50 microgram", "once a day"), ("Omeprazole", "20 mg", "once a day"),
    ("Salbutamol", "100 microgram", "when needed"), ("Sertraline", "50 mg", "once a day"),
    ("Amlodipine", "5 mg", "once a day"), ("Bisoprolol", "2.5 mg", "once a day"), ("Apixaban", "5 mg", "twice a day"),
    ("Paracetamol", "1 g", "when needed"), ("Ferrous sulfate", "200 mg", "once a day"),
    ("Insulin glargine", "18 unit", "at night"), ("Cetirizine", "10 mg", "once a day"),
)  # fmt: skip
CONDITIONS = (
    ("Asthma", "J45.9"), ("Hypertension", "I10"), ("Type 2 diabetes", "E11.9"), ("Migraine", "G43.9"),
    ("Hypothyroidism", "E03.9"), ("Depression", "F32.9"), ("Eczema", "L20.9"), ("Gout", "M10.9"),
    ("Atrial fibrillation", "I48.9"), ("Coeliac disease", "K90.0"), ("Hay fever", "J30.1"), ("Psoriasis", "L40.9"),
)  # fmt: skip
COMPLAINTS = (
    ("headache", "head"), ("cough", "chest"), ("back pain", "lower back"), ("sore throat", "throat"),
    ("stomach ache", "belly"), ("knee pain", "right knee"), ("rash", "left arm"), ("ear ache", "left ear"),
    ("dizziness", "head"), ("fever", "whole body"), ("shortness of breath", "chest"), ("palpitations", "chest"),
)  # fmt: skip
RED_FLAGS = (
    ("thunderclap_headache", "Sudden severe headache", "it came like a blow"),
    ("chest_pain_arm", "Chest pain that spreads", "it goes into my arm"),
    ("blood_cough", "Coughing blood", "there was blood in it"),
)
QUESTIONS = (
    ("opening", "What brings you here today? Tell me in your own words."),
    ("onset", "When did it begin?"),
    ("location", "Where exactly do you feel it?"),
    ("severity", "How bad is it on a scale from 0 to 10?"),
    ("character", "How would you describe the feeling?"),
    ("associated", "Have you noticed anything else?"),
    ("medications", "Which medicines do you take?"),
    ("allergies", "Are you allergic to anything?"),
    ("history", "Which illnesses have you had before?"),
    ("concerns", "What worries you most about it?"),
)
CLOSING = "Thank you. A doctor will read what you told me and answer you here."
_WHEN = (
    "yesterday",
    "two days ago",
    "last Tuesday",
    "this morning",
    "three weeks ago",
    "on Sunday evening",
    "in spring",
)
_DOING = (
    "climbing stairs", "gardening", "lifting boxes", "riding my bicycle", "sleeping", "eating dinner", "working late",
    "running for the tram", "painting the fence", "swimming", "sitting at the desk", "carrying my daughter",
)  # fmt: skip
_PLACES = (
    "bakery", "harbour", "library", "greenhouse", "workshop", "stadium", "vineyard", "laundry", "quarry", "orchestra",
    "museum", "sawmill", "dairy", "airport", "kindergarten", "brewery", "pharmacy", "observatory", "shipyard", "chapel",
)  # fmt: skip
_FEELING = ("dull", "sharp", "burning", "throbbing", "tight", "itching", "heavy", "stinging")
_SENTENCES = (
    "I have had a {complaint} since {when} and it does not get better.",
    "It began {when} while I was {doing}.",
    "It is a {feeling} feeling in the {where}, maybe {number} out of 10.",
    "I take {medicine} {dose}, nothing else.",
    "No, I have not noticed anything else.",
    "Sometimes it wakes me at night and then I walk around for {number} minutes.",
    "I work at the {place} and could not go there {when}.",
    "My mother had {condition} and I am afraid that it is the same.",
    "Yes, when {doing} it gets worse, resting makes it better.",
    "I am allergic to {allergen}, my doctor told me years ago.",
    "I had {condition} as a child but no operation.",
    "About {number} times a day, mostly after {doing}.",
    "There is no fever, I measured it {when}.",
    "I tried {medicine} once and it helped for {number} hours.",
)


def last_name(chance: random.Random) -> str:
    """One of some 3,500 family names."""
    return "".join(chance.choice(syllables) for syllables in LAST_SYLLABLES)


def sentences(count: int, seed: str) -> list[str]:
    """What patients say: always the same sentences for the same seed."""
    chance = random.Random(seed)
    return [_sentence(chance) for _ in range(count)]


def _sentence(chance: random.Random) -> str:
    complaint, where = chance.choice(COMPLAINTS)
    medicine, dose, _frequency = chance.choice(MEDICINES)
    return chance.choice(_SENTENCES).format(
        complaint=complaint,
        where=where,
        medicine=medicine,
        dose=dose,
        when=chance.choice(_WHEN),
        doing=chance.choice(_DOING),
        place=chance.choice(_PLACES),
        feeling=chance.choice(_FEELING),
        condition=chance.choice(CONDITIONS)[0].lower(),
        allergen=chance.choice(ALLERGENS).lower(),
        number=chance.randint(1, 40),
    )
