"""Words that stand in the rows of the patient of tests/security/seed.py, and in no other row and on no page."""

SECRETS = (
    "Brzovoljec", "Anastazija", "secretive@example.org", "01632 960777", "Zirconfloxacin", "Wheezebloom",
    "Quellamidol", "a thimble at dawn", "Morbus testaricus", "Glimmerotomy", "Nebelgicht", "Pollovax", "Ottokar",
    "Sternversicherung", "purple itching", "velociraptor", "Dermatitis glaucescens", "moonlight baths",
    "hypochondriasis suspected", "Vorpalene", "beware of Quellamidol", "Elbow shimmer", "turquoise pallor",
    "xylograph", "BYTES-OF-THE-ELBOW", "Schattenweg", "jabberwocky", "marmalade trance", "snark hunting",
    "galumphing cough", "frabjous rash", "jub jub birds", "marathon of tea", "Pharmacy at the Wabe", "plover egg",
)  # fmt: skip
