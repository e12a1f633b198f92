"""How dates, times and figures are written and read, per language (settings.FORMAT_MODULE_PATH)."""
