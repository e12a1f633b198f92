"""Pages about prescriptions: the case, a patient's own, what doctors do with them, papers, the pharmacist's page."""
