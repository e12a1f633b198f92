"""What a doctor answers."""

from dataclasses import dataclass, replace

from medichat.rich_text import cleaned


@dataclass(frozen=True)
class Answer:
    """What a doctor answers. ``diagnosis`` is required; the others may be empty."""

    diagnosis: str
    recommendations: str = ""
    referrals: str = ""
    icd10_code: str = ""
    call_to_office: bool = False
    private_note: str = ""

    def made_safe(self) -> "Answer":
        """The same words, with nothing of an editor's HTML but its formatting."""
        return replace(
            self,
            diagnosis=cleaned(self.diagnosis),
            recommendations=cleaned(self.recommendations),
            referrals=cleaned(self.referrals),
            private_note=cleaned(self.private_note),
        )
