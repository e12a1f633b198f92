"""Words of consultations, for templates."""
