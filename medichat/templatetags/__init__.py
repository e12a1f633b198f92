"""Words and figures of the field, for every template."""
