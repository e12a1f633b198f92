"""What the import needs from time to time: corrected documents are loaded, by the system and not by a page."""

from medichat.legacy.retry import load_corrected
from medichat.periodic import job


@job("load corrected documents of the import", own_transactions=True)
def load_corrected_documents() -> str:
    """Within a minute of the correction."""
    done = load_corrected()
    if done is None:
        return "an import is running"
    loaded, reopened = done
    return f"{loaded} loaded, {reopened} need another look"
