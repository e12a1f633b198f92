"""The people of the demonstration clinic and what brought them there. All of it is made up.

Only data: the command ``load_demo`` turns it into accounts, charts and consultations through the acts of the domain.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta

PASSWORD = "a quiet harbour in march"  # noqa: S105  # nosec B105 - of made-up people, printed for everybody


@dataclass(frozen=True)
class Person:
    """Somebody who can sign in; all have the same password."""

    email: str
    first_name: str
    last_name: str
    role: str = "patient"
    born: date | None = None
    sex: str | None = None
    specialization: str | None = None
    licence: str | None = None
    approved: bool = False
    on_duty: bool = False


@dataclass(frozen=True)
class Chart:
    """What the clinic knew before.

    Allergies are (allergen, reaction, severity), medicines (name, dose, frequency), conditions (name, code, since).
    """

    allergies: tuple[tuple[str, str, str], ...] = ()
    medicines: tuple[tuple[str, str, str], ...] = ()
    conditions: tuple[tuple[str, str, date | None], ...] = ()
    no_known_allergies: bool = False
    measured: tuple[tuple[int, int, int, int, str], ...] = ()
    """Days ago, systolic, diastolic, pulse, weight in kg."""


@dataclass(frozen=True)
class Medicine:
    """One prescription."""

    name: str
    dose: str
    frequency: str
    duration: str
    quantity: int
    unit: str
    instructions: str
    refills: int = 0
    valid_days: int = 30


@dataclass(frozen=True)
class Reply:
    """What a doctor answered, how long after the case came, and whether the patient has read it."""

    doctor: str
    after: timedelta
    diagnosis: str
    recommendations: str
    icd10_code: str = ""
    referrals: str = ""
    private_note: str = ""
    medicines: tuple[Medicine, ...] = ()
    is_read: bool = True
    is_closed: bool = False


@dataclass(frozen=True)
class Visit:
    """One consultation, begun this long ago. ``answers`` are by the topic of the assistant's question.

    ``unfinished_after`` leaves it in progress after so many messages; ``claimed_by`` is a doctor who has taken it.
    """

    patient: str
    ago: timedelta
    complaint: str
    answers: dict[str, str] = field(default_factory=dict)
    afterwards: tuple[str, ...] = ()
    picture: str = ""
    unfinished_after: int | None = None
    claimed_by: str = ""
    reply: Reply | None = None


ADMINISTRATOR = Person("admin@example.org", "Farid", "Haddad", role="admin")
DOCTORS = (
    Person(
        "clara@example.org", "Clara", "Bergström", role="doctor", specialization="General practice",
        licence="GP-20417", approved=True, on_duty=True,
    ),
    Person(
        "samuel@example.org", "Samuel", "Okafor", role="doctor", specialization="Internal medicine",
        licence="IM-11893", approved=True,
    ),
    Person(
        "ingrid@example.org", "Ingrid", "Solheim", role="doctor", specialization="Dermatology", licence="DE-30552",
    ),
)  # fmt: skip
PATIENTS = (
    Person("ana@example.org", "Ana", "Kovač", born=date(1988, 3, 12), sex="female"),
    Person("tomas@example.org", "Tomás", "Rivera", born=date(1961, 11, 2), sex="male"),
    Person("mei@example.org", "Mei", "Lin", born=date(1996, 7, 30), sex="female"),
    Person("jonas@example.org", "Jonas", "Weber", born=date(1975, 1, 19), sex="male"),
    Person("aisha@example.org", "Aisha", "Bello", born=date(2001, 9, 5), sex="female"),
    Person("pieter@example.org", "Pieter", "de Vries", born=date(1949, 4, 23), sex="male"),
    Person("sofia@example.org", "Sofia", "Rossi", born=date(1993, 12, 8), sex="female"),
    Person("george@example.org", "George", "Adeyemi", born=date(1983, 6, 14), sex="male"),
)
CHARTS = {
    "ana@example.org": Chart(
        allergies=(("Penicillin", "Rash and swollen lips", "severe"),),
        medicines=(("Salbutamol", "100 microgram", "two puffs when needed"),),
        conditions=(("Asthma", "J45.9", date(2004, 5, 1)),),
        measured=((400, 118, 74, 72, "66"), (210, 121, 78, 68, "67.5"), (35, 116, 72, 75, "68")),
    ),
    "tomas@example.org": Chart(
        medicines=(("Enalapril", "10 mg", "once daily"), ("Metformin", "500 mg", "twice daily")),
        conditions=(("Hypertension", "I10", date(2012, 2, 1)), ("Type 2 diabetes", "E11.9", date(2016, 9, 1))),
        no_known_allergies=True,
        measured=(
            (360, 168, 98, 84, "96.5"),
            (300, 158, 94, 80, "95"),
            (240, 151, 92, 82, "93"),
            (180, 146, 88, 76, "92.5"),
            (120, 149, 90, 78, "91"),
            (60, 138, 84, 74, "90"),
            (14, 134, 82, 72, "89.5"),
        ),
    ),
    "mei@example.org": Chart(no_known_allergies=True),
    "jonas@example.org": Chart(
        allergies=(("Peanut", "Hives", "moderate"),), conditions=(("Migraine", "G43.9", date(1999, 1, 1)),)
    ),
    "pieter@example.org": Chart(
        allergies=(("Sulfamethoxazole", "Fever and rash", "severe"), ("Latex", "", "mild")),
        medicines=(("Warfarin", "3 mg", "once daily"), ("Bisoprolol", "2.5 mg", "once daily")),
        conditions=(("Atrial fibrillation", "I48.9", date(2015, 3, 1)), ("Gout", "M10.9", date(2009, 7, 1))),
    ),
    "sofia@example.org": Chart(no_known_allergies=True),
}

_CETIRIZINE = Medicine(
    "Cetirizine", "10 mg", "once daily", "30 days", 30, "tablets", "In the evening, because it can make you sleepy."
)
_DOXYCYCLINE = Medicine(
    "Doxycycline", "100 mg", "twice daily", "5 days", 10, "capsules",
    "With a full glass of water, sitting or standing. Keep out of strong sun.", valid_days=14,
)  # fmt: skip
_NITROFURANTOIN = Medicine(
    "Nitrofurantoin", "100 mg", "twice daily", "5 days", 10, "capsules", "With food. It colours the urine brown.",
    valid_days=14,
)  # fmt: skip
_PARACETAMOL = Medicine(
    "Paracetamol", "500 mg", "up to four times daily", "5 days", 20, "tablets", "One or two for pain, at most 8 a day.",
)  # fmt: skip
_MACROGOL = Medicine("Macrogol", "1 sachet", "once daily", "14 days", 14, "sachets", "Dissolved in a glass of water.")

USUAL_ANSWERS = {
    "timing": "It comes and goes.",
    "treatment_effect": "Yes, that is better. This is something else.",
    "concerns": "No, that is all.",
    "effect_on_life": "A little.",
    "tried": "Nothing yet.",
    "onset": "Slowly.",
}
VISITS = (
    Visit(
        "tomas@example.org",
        timedelta(days=41),
        "I get dizzy for a moment when I stand up, since about two weeks.",
        {"severity": "3", "changes": "Worse in the morning, better when I sit down again."},
        reply=Reply(
            "samuel@example.org",
            timedelta(hours=5),
            "Low blood pressure on standing up",
            "Drink two litres a day.\nStand up in two steps: sit for a minute first.\n"
            "Measure your blood pressure in the morning for a week, sitting and standing, and send us the figures.",
            icd10_code="I95.1",
            private_note="Consider halving enalapril if the standing values stay below 110.",
            is_closed=True,
        ),
    ),
    Visit(
        "ana@example.org",
        timedelta(days=24),
        "I have been coughing for nine days and now there is green phlegm and I feel feverish.",
        {
            "severity": "5",
            "timing": "It is worse at night.",
            "character": "Rattling.",
            "tried": "Cough syrup, it did not help.",
        },
        reply=Reply(
            "clara@example.org",
            timedelta(hours=3),
            "Acute bronchitis, probably bacterial",
            "Rest and drink plenty.\nUse your blue inhaler before the cough gets tight.\n"
            "If you are not better in three days, or if breathing gets hard, come in.",
            icd10_code="J20.9",
            medicines=(_DOXYCYCLINE,),
            is_closed=True,
        ),
    ),
    Visit(
        "pieter@example.org",
        timedelta(days=18),
        "I have not been able to go to the toilet properly for six days.",
        {"severity": "4", "location": "Low in my belly.", "changes": "A little better after coffee."},
        reply=Reply(
            "samuel@example.org",
            timedelta(hours=20),
            "Constipation",
            "Eat fruit and wholemeal bread, drink more, and walk every day.\nTell us if you see blood or lose weight.",
            icd10_code="K59.0",
            medicines=(_MACROGOL,),
        ),
    ),
    Visit(
        "ana@example.org",
        timedelta(days=2, hours=6),
        "My nose runs and my eyes itch every time I am in the garden, for three weeks now.",
        {"severity": "4", "location": "Both eyes.", "tried": "Saline spray. It helps a little."},
        reply=Reply(
            "clara@example.org",
            timedelta(hours=9),
            "Hay fever",
            "Take the tablet every evening while the season lasts.\nKeep the windows shut in the early morning and "
            "wash your hair before going to bed.",
            icd10_code="J30.1",
            referrals="If it comes back next year: an allergy test with your family doctor.",
            medicines=(_CETIRIZINE,),
            is_read=False,
        ),
    ),
    Visit(
        "mei@example.org",
        timedelta(hours=19),
        "It burns when I pee and I have to go all the time, since yesterday.",
        {
            "severity": "6",
            "medications": "None",
            "history": "None",
            "frequent_urination": "Yes, passing urine more often",
        },
        reply=Reply(
            "samuel@example.org",
            timedelta(hours=4),
            "Uncomplicated cystitis",
            "Drink enough so that your urine is light.\nFever, pain in the side or vomiting: call at once.",
            icd10_code="N30.0",
            medicines=(_NITROFURANTOIN, _PARACETAMOL),
            is_read=False,
        ),
    ),
    Visit(
        "pieter@example.org",
        timedelta(hours=5),
        "My left calf is swollen and painful since yesterday, and it is warm.",
        {
            "severity": "6",
            "onset": "Yesterday, after the long train ride.",
            "how_it_happened": "Nothing.",
            "hot_joint": "The whole calf is warm.",
        },
        afterwards=("I took my warfarin as always.",),
    ),
    Visit(
        "jonas@example.org",
        timedelta(hours=3),
        "My lower back has hurt badly since I lifted a box on Friday, it pulls down into the right leg.",
        {
            "severity": "7",
            "radiation": "Down the back of the right leg to the knee.",
            "medications": "Ibuprofen 400 mg, two a day.",
            "changes": "Worse when I bend.",
            "injury": "No fall, the box.",
        },
        claimed_by="clara@example.org",
    ),
    Visit(
        "sofia@example.org",
        timedelta(hours=2),
        "I have an itchy red rash on my right forearm, for five days.",
        {
            "severity": "3",
            "location": "The right forearm.",
            "onset": "Five days ago, slowly.",
            "changes": "Worse after a hot shower.",
            "appearance": "Red, a little raised, in small patches, dry.",
            "medications": "The pill.",
            "history": "None",
            "tried": "A moisturiser.",
            "concerns": "I started with a new washing powder last week.",
        },
        picture="forearm.jpg",
    ),
    Visit(
        "george@example.org",
        timedelta(minutes=50),
        "I have a runny nose and a sore throat since yesterday.",
        {
            "severity": "2",
            "onset": "Yesterday morning, slowly.",
            "character": "Blocked.",
            "tried": "Tea.",
            "allergies": "No allergies that I know of.",
            "medications": "None",
            "history": "None",
            "concerns": "I would like to know whether I may go to work.",
        },
    ),
    Visit(
        "tomas@example.org",
        timedelta(minutes=12),
        "I have a heavy pressure on my chest that goes into my left arm, I am sweating, it began half an hour ago.",
    ),
    Visit(
        "aisha@example.org",
        timedelta(minutes=8),
        "My head has been throbbing on one side since this morning.",
        {"severity": "6"},
        unfinished_after=3,
    ),
    Visit(
        "ana@example.org",
        timedelta(minutes=4),
        "I have had a stomach ache after eating since the weekend.",
        unfinished_after=2,
    ),
)


@dataclass(frozen=True)
class Account:
    """One line of the sign-ins that the demonstration shows."""

    role: str
    email: str
    password: str = PASSWORD


ACCOUNTS = (
    Account("Patient", "ana@example.org"),
    Account("Doctor", "clara@example.org"),
    Account("Administrator", ADMINISTRATOR.email),
)
