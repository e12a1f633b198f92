"""The bench's clinic in the shape of the previous system: one JSONB document a user, one a conversation.

In the same server, from the same rows, with the indexes that the two collections had, every field that a document had,
and messages of the same sentences. It is kinder than the original: its names are spelt in one way only.
"""

import psycopg

from tests.bench import words
from tests.bench.clinic import SEED
from tests.bench.load import Server

_MAKE = (
    "CREATE SCHEMA legacy_shape",
    "CREATE TABLE legacy_shape.said (number int PRIMARY KEY, sentence text)",
    """
    CREATE TABLE legacy_shape.users AS
    SELECT u.id, jsonb_build_object(
        'email', u.email, 'role', u.role, 'firstName', u.first_name, 'lastName', u.last_name,
        'phone', '+00 555 000000', 'dateOfBirth', u.date_of_birth, 'createdAt', u.created_at, 'updatedAt', u.updated_at,
        '__v', 0, 'password', '$2a$10$' || md5(u.id::text) || left(md5(u.email), 21), 'profilePhoto', NULL,
        'gender', 'female', 'bloodType', 'A+', 'height', '172 cm', 'weight', '68 kg', 'preferredLanguage', 'English',
        'pharmacyName', 'Corner pharmacy', 'pharmacyPhone', '+00 555 000001', 'primaryPhysician', 'Dr Example',
        'insuranceProvider', 'Example Health', 'insurancePolicyNumber', 'EX-20417', 'insuranceGroupNumber', '17',
        'smokingStatus', 'never', 'alcoholConsumption', 'occasional', 'exerciseFrequency', '1-2',
        'surgicalHistory', jsonb_build_array(jsonb_build_object('_id', left(md5(u.id::text), 24), 'procedure',
            'Appendectomy', 'date', '2009', 'notes', '')),
        'familyHistory', jsonb_build_array(jsonb_build_object('_id', left(md5(u.id::text), 24), 'condition',
            'Diabetes', 'relation', 'mother')),
        'immunizations', jsonb_build_array(jsonb_build_object('_id', left(md5(u.id::text), 24), 'vaccine', 'Tetanus',
            'date', '2019-04-02')),
        'emergencyContacts', jsonb_build_array(jsonb_build_object('_id', left(md5(u.id::text), 24), 'name', 'Ivo',
            'relationship', 'brother', 'phone', '+00 555 000002', 'email', 'ivo@bench.example')),
        'chronicConditions', coalesce(
            (SELECT jsonb_agg(h.condition ORDER BY h.id) FROM medical_history h WHERE h.patient_id = u.id), '[]'),
        'allergies', coalesce(
            (SELECT jsonb_agg(a.allergen ORDER BY a.id) FROM allergies a WHERE a.patient_id = u.id), '[]'),
        'currentMedications', coalesce(
            (SELECT jsonb_agg(jsonb_build_object('name', m.medication_name, 'dosage', m.dosage, 'frequency',
                m.frequency) ORDER BY m.id) FROM medications m WHERE m.patient_id = u.id), '[]'),
        'medicalHistory', coalesce(
            (SELECT jsonb_agg(jsonb_build_object('_id', left(md5(h.id::text), 24), 'condition', h.condition,
                'diagnosedDate', h.diagnosed_on, 'notes', '') ORDER BY h.id)
             FROM medical_history h WHERE h.patient_id = u.id), '[]')
    ) AS doc
    FROM users u
    """,
    """
    CREATE TABLE legacy_shape.conversations AS
    SELECT c.id, jsonb_build_object(
        'patient', c.patient_id, 'doctor', c.doctor_id, 'visitNumber', c.visit_number, 'status', c.status,
        'createdAt', c.created_at, 'conversationEndedAt', c.submitted_at, 'aiSummary', repeat('the summary says ', 20),
        'messages', (SELECT jsonb_agg(jsonb_build_object(
            'role', CASE m.sender WHEN 'patient' THEN 'user' ELSE 'assistant' END, 'timestamp', m.sent_at,
            'content', (SELECT said.sentence FROM legacy_shape.said
                        WHERE said.number = abs(hashtext(m.id::text)) % 5000)) ORDER BY m.position)
            FROM messages m WHERE m.conversation_id = c.id),
        'symptoms', (SELECT jsonb_agg(jsonb_build_object('symptom', s.symptom, 'severity', s.severity, 'location',
            s.location, 'duration', s.duration) ORDER BY s.position)
            FROM symptoms s WHERE s.conversation_id = c.id AND NOT s.is_denied),
        'doctorResponse', jsonb_build_object(
            'respondedAt', c.responded_at, 'diagnosis', repeat('probably harmless ', 3),
            'prescriptions', coalesce((SELECT jsonb_agg(jsonb_build_object('medication', p.medication_name, 'dosage',
                p.dose, 'frequency', p.frequency, 'duration', p.duration) ORDER BY p.position)
                FROM prescriptions p WHERE p.conversation_id = c.id), '[]'))
    ) AS doc
    FROM conversations c
    """,
    "ALTER TABLE legacy_shape.users ADD PRIMARY KEY (id)",
    "ALTER TABLE legacy_shape.conversations ADD PRIMARY KEY (id)",
    "CREATE UNIQUE INDEX ON legacy_shape.users ((doc->>'email'))",
    "CREATE INDEX ON legacy_shape.conversations ((doc->>'patient'), (doc->>'createdAt') DESC)",
    "CREATE INDEX ON legacy_shape.conversations ((doc->>'doctor'), (doc->>'status'))",
    "ANALYZE legacy_shape.users, legacy_shape.conversations",
)  # fmt: skip

# The same questions as the reports ask, by the name that the bench gives them.
QUESTIONS = {
    "patients with an allergy": """
        SELECT u.doc->>'lastName', u.doc->>'firstName', u.doc->>'email', a.value
        FROM legacy_shape.users u, jsonb_array_elements_text(u.doc->'allergies') a
        WHERE lower(a.value) = 'penicillin' ORDER BY 1, 2
    """,
    "patients on a medicine": """
        SELECT u.doc->>'lastName', u.doc->>'firstName', u.doc->>'email', m.value
        FROM legacy_shape.users u, jsonb_array_elements(u.doc->'currentMedications') m
        WHERE lower(m.value->>'name') = 'apixaban' ORDER BY 1, 2
    """,
    "patients with a condition": """
        SELECT u.doc->>'lastName', u.doc->>'firstName', u.doc->>'email', h.value
        FROM legacy_shape.users u, jsonb_array_elements(u.doc->'medicalHistory') h
        WHERE lower(h.value->>'condition') = 'asthma' ORDER BY 1, 2
    """,
    "severe symptoms": """
        SELECT u.doc->>'lastName', u.doc->>'firstName', u.doc->>'email', s.value
        FROM legacy_shape.conversations c
        CROSS JOIN LATERAL jsonb_array_elements(nullif(c.doc->'symptoms', 'null')) s
        JOIN legacy_shape.users u ON u.id = (c.doc->>'patient')::uuid
        WHERE s.value->>'severity' IN ('severe', 'life_threatening') AND c.doc->>'conversationEndedAt' IS NOT NULL
        ORDER BY 1, 2
    """,
    "response times": """
        WITH answered AS (
            SELECT (doc->'doctorResponse'->>'respondedAt')::timestamptz AS at,
                   (doc->>'conversationEndedAt')::timestamptz AS since
            FROM legacy_shape.conversations WHERE doc->'doctorResponse'->>'respondedAt' IS NOT NULL
        )
        SELECT date_trunc('month', at), count(*), percentile_cont(0.5) WITHIN GROUP (ORDER BY at - since),
               percentile_cont(0.9) WITHIN GROUP (ORDER BY at - since)
        FROM answered GROUP BY 1 ORDER BY 1
    """,
    "prescriptions by medicine": """
        SELECT lower(p.value->>'medication'), count(*), count(DISTINCT c.doc->>'patient')
        FROM legacy_shape.conversations c, jsonb_array_elements(c.doc->'doctorResponse'->'prescriptions') p
        GROUP BY 1 ORDER BY 2 DESC, 1
    """,
}  # fmt: skip


def make(server: Server) -> None:
    """Make the two tables, unless they are there."""
    with psycopg.connect(server.superuser_url) as admin:
        if admin.execute("SELECT to_regnamespace('legacy_shape')").fetchone() == (None,):
            for statement in _MAKE:
                admin.execute(statement)
                if statement == _MAKE[1]:
                    with admin.cursor().copy("COPY legacy_shape.said FROM STDIN") as copy:
                        for number, sentence in enumerate(words.sentences(5000, SEED)):
                            copy.write_row((number, sentence))
