"""What somebody in an emergency is told at once: the number, and what to do while waiting."""

from collections.abc import Sequence

from conversations.intake.data import load
from conversations.intake.model import RedFlag


def emergency_advice(red_flags: Sequence[RedFlag], emergency_number: str) -> str:
    """Advice in plain words for the emergencies among the flags; '' when there is none.

    It names the number, never a diagnosis. Thoughts of suicide get crisis advice first.
    """
    flags = [flag for flag in red_flags if flag.urgency == "emergency" or flag.crisis]
    if not flags:
        return ""
    content = load("plans/advice.toml")
    parts: list[str] = []
    if any(flag.crisis for flag in flags):
        parts.append(content["crisis"]["text"].format(number=emergency_number))
    bodily = [flag for flag in flags if not flag.crisis]
    if bodily:
        parts.append(content["emergency"]["call"].format(number=emergency_number))
        waiting = [content["while_waiting"][flag.code] for flag in bodily if flag.code in content["while_waiting"]]
        parts.append(" ".join(dict.fromkeys([*waiting, content["emergency"]["always"]])))
    return "\n\n".join(parts)
