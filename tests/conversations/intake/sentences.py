"""How patients might type their warning signs: (rule, urgency, words, age, sex). Written for these tests."""

from typing import NamedTuple


class Case(NamedTuple):
    """One message and the rule that it must raise."""

    rule: str
    urgency: str
    text: str
    age: int | None = 40
    sex: str | None = None


POSITIVE = [
    Case(
        "acute_coronary_syndrome", "emergency", "There's a crushing pain in my chest and it goes into my left arm", 60
    ),
    Case(
        "acute_coronary_syndrome",
        "emergency",
        "chest feels like an elephant is sitting on it, I feel sick and sweaty",
        52,
    ),
    Case("acute_coronary_syndrome", "emergency", "ive got really bad chest pian going up to my jaw", 58),
    Case(
        "acute_coronary_syndrome",
        "emergency",
        "Tightness across my chest when I climb the stairs, goes when I rest",
        63,
    ),
    Case("acute_coronary_syndrome", "emergency", "my chest is um really tight and uh I’m sweating", 50),
    Case("heart_attack_stated", "emergency", "I think I'm having a heart attack", 49),
    Case("chest_pain_adult", "urgent", "a bit of an ache in my chest since this morning", 35),
    Case(
        "pulmonary_embolism",
        "emergency",
        "sharp pain when I breathe in, short of breath, and my calf is swollen since a long flight",
        45,
    ),
    Case("pulmonary_embolism", "emergency", "I'm breathless and coughing up blood", 50),
    Case("deep_vein_thrombosis", "urgent", "my left calf is swollen and sore", 50),
    Case("severe_breathlessness", "emergency", "I can't breathe", 30),
    Case("severe_breathlessness", "emergency", "so breathless I can't finish a sentence", 65),
    Case("severe_breathlessness", "emergency", "my inhaler isn't working and I'm gasping for breath", 25),
    Case("severe_breathlessness", "emergency", "his lips are turning blue and he is struggling to breathe", None),
    Case("breathlessness", "urgent", "getting out of breath more than usual this week"),
    Case("asthma_worse", "urgent", "my chest is wheezy again since yesterday"),
    Case("heart_failure_worse", "urgent", "short of breath and my ankles are swollen", 70),
    Case("anaphylaxis", "emergency", "my lips and tongue are swelling after eating peanuts", 24),
    Case("anaphylaxis", "emergency", "stung by a wasp and now I'm covered in hives and can't breathe properly", 30),
    Case("anaphylaxis", "emergency", "my throat is closing up, I ate prawns", 31),
    Case("swelling_of_face", "urgent", "my bottom lip is swollen today"),
    Case("coughing_blood", "urgent", "I've coughed up some blood this morning", 55),
    Case("limb_ischaemia", "emergency", "my leg is cold and pale and very painful", 72),
    Case("aortic_emergency", "emergency", "sudden tearing chest pain going through to my back", 64),
    Case("palpitations_with_warning", "urgent", "my heart is racing and I feel lightheaded"),
    Case("palpitations_with_collapse", "emergency", "my heart was pounding and then I passed out"),
    Case("collapse", "urgent", "I fainted in the shower this morning"),
    Case("choking", "emergency", "he is choking on a piece of meat and his lips are blue", None),
    Case("stroke", "emergency", "My husband's face is drooping and his speech is slurred", 70),
    Case("stroke", "emergency", "Woke up and my right arm is weak and I can't get my words out", 66),
    Case("stroke", "emergency", "suddenly lost vision in my left eye an hour ago", 70),
    Case(
        "stroke", "emergency", "my left arm and leg went numb and weak for 20 minutes this morning but its fine now", 71
    ),
    Case("stroke", "emergency", "I cannot lift my left arm since breakfast", 55),
    Case("stroke", "emergency", "one side of my face has dropped", 62),
    Case("stroke_stated", "emergency", "I think my wife is having a stroke", 70),
    Case("weak_limb", "urgent", "my face has been numb for a week", 40),
    Case("thunderclap_headache", "emergency", "It's the worst headache of my life, it came on in seconds", 44),
    Case(
        "thunderclap_headache",
        "emergency",
        "Sudden severe headache at the back of my head during exercise, I was sick twice",
        39,
    ),
    Case("thunderclap_headache", "emergency", "felt like I was hit over the head with a bat, terrible headache", 50),
    Case("meningitis", "emergency", "I have a high fever, a stiff neck and the light hurts my eyes", 20),
    Case(
        "meningitis", "emergency", "my daughter has a fever and a rash that doesn't fade when I press a glass on it", 35
    ),
    Case("meningitis", "emergency", "purple spots on my legs and I feel really unwell with a temperature", 19),
    Case("non_blanching_rash", "urgent", "I have small purple spots on my shins", 40),
    Case("headache_with_warning", "urgent", "headache with blurred vision since yesterday", 40),
    Case("seizure_now", "emergency", "my daughter is having a fit and it won't stop", 33),
    Case("seizure_now", "emergency", "I had my first ever seizure this morning", 29),
    Case("seizure", "urgent", "I have epilepsy and had a fit yesterday", 30),
    Case("confusion", "emergency", "My dad is confused since this morning and has a fever", 50),
    Case("confusion_other", "urgent", "I have been confused on and off today", 40),
    Case("head_injury_serious", "emergency", "I hit my head on the kerb, blacked out and have vomited three times", 28),
    Case("head_injury_serious", "emergency", "My gran fell and banged her head and she takes warfarin", 40),
    Case("head_injury", "urgent", "I bumped my head on a shelf yesterday, bit of a lump", 30),
    Case("eye_emergency", "emergency", "bleach splashed into my eye", 38),
    Case("eye_emergency", "emergency", "My eye is red and very painful and my vision is blurred and I feel sick", 66),
    Case("eye_urgent", "urgent", "new floaters and flashes in my right eye", 61),
    Case("sudden_hearing_loss", "urgent", "I suddenly can't hear in my left ear", 45),
    Case("vomiting_blood", "emergency", "I've been throwing up blood", 50),
    Case("vomiting_blood", "emergency", "being sick and it looks like coffee grounds", 66),
    Case("gut_bleeding", "emergency", "my poo is black and tarry and I feel faint", 70),
    Case("blood_in_stool", "urgent", "bloody diarrhea for two days with cramps", 30),
    Case("acute_abdomen", "emergency", "severe stomach pain and my belly is hard as a board", 48),
    Case("acute_abdomen", "emergency", "sudden terrible pain in my abdomen, I'm doubled over", 55),
    Case("abdomen_urgent", "urgent", "pain in the lower right of my tummy and I've gone off my food", 18, "male"),
    Case("trapped_hernia", "emergency", "my hernia has gone hard and painful and I keep vomiting", 60),
    Case("dehydration", "urgent", "I've been vomiting for two days and can't keep any water down", 40),
    Case(
        "ectopic_pregnancy",
        "emergency",
        "I'm 6 weeks pregnant with bad pain on one side of my tummy and bleeding",
        29,
        "female",
    ),
    Case(
        "ectopic_pregnancy",
        "emergency",
        "my period is two weeks late and I have a sharp pain low down in my belly",
        27,
        "female",
    ),
    Case("pregnancy_bleeding", "urgent", "I'm 9 weeks pregnant and have some spotting", 30, "female"),
    Case(
        "late_pregnancy_emergency",
        "emergency",
        "I'm 30 weeks pregnant and the baby has not moved since yesterday",
        31,
        "female",
    ),
    Case("pre_eclampsia", "emergency", "I'm 34 weeks pregnant with a bad headache and flashing lights", 31, "female"),
    Case(
        "testicular_torsion", "emergency", "my left testicle suddenly became really painful two hours ago", 16, "male"
    ),
    Case("testicular_torsion", "emergency", "sudden pain in my balls and I feel sick", 30, "male"),
    Case("testicular_pain", "urgent", "I found a lump in my testicle", 35, "male"),
    Case("cauda_equina", "emergency", "back pain and I'm numb between my legs", 45),
    Case("cauda_equina", "emergency", "I have sciatica in both legs and can't control my bladder", 50),
    Case("back_pain_urgent", "urgent", "back pain with a fever for three days", 45),
    Case(
        "urinary_retention",
        "emergency",
        "I can't pee at all since last night and my lower belly is really painful",
        71,
        "male",
    ),
    Case(
        "urine_infection_spread", "urgent", "burning when I pee with fever and pain in my side and back", 34, "female"
    ),
    Case(
        "sepsis", "emergency", "I've had a chest infection and now I'm shivering, confused and breathing very fast", 67
    ),
    Case("sepsis", "emergency", "my mum has a water infection and is suddenly confused with a fever", 50),
    Case("sepsis", "emergency", "fever of 39.5 and my skin is mottled and I haven't passed urine all day", 40),
    Case("sepsis", "emergency", "I'm on chemo and I have a temperature of 38.4", 58),
    Case("fever_urgent", "urgent", "temperature of 39.5 since yesterday", 40),
    Case("infant_fever", "emergency", "my 6 week old baby has a fever of 38.5", 30),
    Case("child_very_ill", "emergency", "My baby is floppy and won't wake up for feeds", 30),
    Case("infant_urgent", "urgent", "my 8 month old baby is refusing feeds", 30),
    Case("diabetic_emergency", "emergency", "I'm type 1 diabetic, my sugars are 28 and I keep vomiting", 23),
    Case("diabetic_emergency", "emergency", "my blood sugar is 2.1 and I'm confused", 60),
    Case("diabetic_emergency", "emergency", "I've run out of insulin and I feel really unwell", 25),
    Case("sugar_urgent", "urgent", "very thirsty, peeing all the time and losing weight", 25),
    Case("severe_bleeding", "emergency", "I cut my hand and the bleeding won't stop", 40),
    Case("severe_bleeding", "emergency", "blood is pouring from my leg", 40),
    Case(
        "heavy_vaginal_bleeding", "urgent", "vaginal bleeding again although my periods ended years back", 60, "female"
    ),
    Case("major_injury", "emergency", "I fell off a ladder from the roof and can't move my legs", 50),
    Case("injury_urgent", "urgent", "I twisted my ankle in a fall and can't put any weight on it", 40),
    Case("septic_joint", "urgent", "my knee is hot and swollen and I have a fever", 60),
    Case("skin_infection", "urgent", "the redness on my leg is spreading and I have a temperature of 38", 40),
    Case("necrotising_infection", "emergency", "the skin on my leg is turning black and I have a fever", 55),
    Case("throat_emergency", "emergency", "terrible sore throat, I'm drooling and can't swallow my own saliva", 21),
    Case("swallowed_danger", "emergency", "my toddler swallowed a button battery", 30),
    Case("possible_cancer", "urgent", "I've lost a stone in weight and have night sweats", 50),
    Case("severe_pain", "urgent", "my back pain is 9 out of 10", 40),
    Case("suicidal_thoughts", "emergency", "I don't want to live anymore", 33),
    Case("suicidal_thoughts", "emergency", "i feel like killing myself", 22),
    Case("suicidal_thoughts", "emergency", "Everyone would be better off without me", 41),
    Case("suicidal_thoughts", "emergency", "I keep thinking about ending my life", 41),
    Case("suicidal_plan", "emergency", "I've written a goodbye letter and I have the pills ready", 41),
    Case("overdose", "emergency", "I took 30 paracetamol tablets last night", 24),
    Case("overdose", "emergency", "I swallowed a whole bottle of pills", 19),
    Case("overdose", "emergency", "my son took a handful of my blood pressure tablets", 35),
    Case("self_harm", "urgent", "I've been cutting myself", 17),
    Case("harm_to_others", "emergency", "I hear voices telling me to hurt my wife", 40),
    Case("psychosis", "urgent", "I keep hearing voices at night", 40),
    Case("abuse", "urgent", "my boyfriend hits me", 25),
    Case("withdrawal", "urgent", "I stopped drinking two days ago and I am shaking and sweating", 45),
    Case("withdrawal_severe", "emergency", "alcohol withdrawal and I had a seizure", 45),
]

NOT_AN_EMERGENCY = [
    "I have a runny nose and a slight cough for three days",
    "Sore throat since yesterday, no fever",
    "My knee has been aching for a couple of weeks",
    "I need a repeat prescription for my blood pressure tablets",
    "Itchy rash on my arm for a week",
    "I've got earache",
    "Tired all the time for two months",
    "constipated for four days",
    "hay fever is bad this year, itchy eyes and sneezing",
    "I twisted my ankle yesterday, I can walk on it",
    "heartburn after meals",
    "I feel a bit anxious about my exams",
    "period pains",
    "acne on my face",
    "could I get a sick note please",
    "Diarrhoea since this morning, no blood",
    "sneezing and a blocked nose, can't breathe through my nose",
    "headache after too much wine last night",
    "Ringing in my ears for months",
    "I'd kill for a good night's sleep, insomnia for weeks",
    "I'm dying for some help with my hay fever",
    "mild tummy ache after eating",
    "my nose bled a bit yesterday but stopped",
    "stiff neck after sleeping badly",
    "my contact lens makes my eye itchy",
    "what are the signs of a stroke? I only have a cold",
]

DENIED = [
    "No chest pain, no shortness of breath, just a cold",
    "I don't have any chest pain or breathlessness. My back hurts a bit after gardening",
    "I haven't had any chest pain, it's my shoulder that hurts when I lift things",
    "I have a headache, nothing sudden, it came on slowly, no fever and no stiff neck",
    "Back pain for 3 weeks, no numbness, no trouble with my bladder",
    "I have no thoughts of ending my life, I just feel low",
    "I'm not suicidal, just a bit low",
    "sore throat but no trouble swallowing and no difficulty breathing",
    "hit my elbow, did not hit my head and didn’t black out",
    "denies chest pain, fever or confusion; here for a wart",
    "tummy ache, havent vomited any blood and no black poo",
    "no weakness in my arms or legs, no slurred speech, only a dull headache",
]

LONG_AGO = [
    "I had a heart attack ten years ago but today I need something for my athlete's foot",
    "ten years ago I took an overdose, I'm fine now, I need a sick note",
    "I used to have suicidal thoughts as a teenager, now I just have trouble sleeping",
    "I was stung by a bee last summer, today my nose is blocked",
    "I broke my arm when I was a child. Now I have a wart.",
    "Years ago, I had a stroke. Today it is only a verruca.",
    "I used to have seizures as a child, now my elbow itches",
]

ABOUT_OTHERS = [
    "My father had a stroke last year so I want to have my blood pressure checked",
    "My mum died of a heart attack. I have a cold.",
    "my friend had a seizure last week, I have a sore toe",
    "My brother has chest pain sometimes. I have a rash.",
    "My uncle took an overdose. He can't breathe well since. I just have a cold.",
    "My sister had meningitis as a baby. I have earache.",
]

ONLY_FEARED = [
    "I'm worried it could be meningitis, but it's just a headache and I have no fever",
    "if I get chest pain should I call an ambulance? Right now I only have a cough",
    "I'm scared it might be a stroke, but all I have is a stye",
    "I would like a vaccine to prevent meningitis",
]
