"""What of the import stands on the front page of the administration."""

from collections.abc import Iterator

from django.urls import reverse

from accounts.imported import without_sign_in
from accounts.models import User
from medichat.front_page import Notice, Part, Period, Weight, counted, panel
from medichat.legacy.models import ImportItem, ImportRun, ItemOutcome, ItemState, RunStatus
from medichat.legacy.report_page import items_address, people_address

# Nobody needs to know how many more there are.
MOST_COUNTED = 10_000


@panel
def import_(period: Period, asker: User) -> Iterator[Part]:
    """How the last run ended, and what it left for somebody; nothing where nothing was ever imported."""
    last = ImportRun.objects.visible_to(asker).exclude(status=RunStatus.UNDONE).order_by("-started_at", "-id").first()
    if last is None:
        return
    yield from _how_it_ended(last)
    yield from _set_aside(asker)
    yield from _without_sign_in()


def _how_it_ended(run: ImportRun) -> Iterator[Notice]:
    page = reverse("admin:legacy_importrun_change", args=[run.pk])
    if run.status in (RunStatus.FAILED, RunStatus.INTERRUPTED):
        yield Notice(
            Weight.TROUBLE,
            f"The last import was {'interrupted' if run.status == RunStatus.INTERRUPTED else 'not finished'}",
            page,
            run.failure or "Start it again in the same way: it goes on where it was.",
        )
    elif run.is_ok is False:
        yield Notice(
            Weight.DANGER,
            "The last import does not add up",
            page,
            "Something is neither loaded nor set aside, or differs from the source. The report names it.",
        )


def _set_aside(asker: User) -> Iterator[Notice]:
    """Repaired values are a matter of the report."""
    open_ones = ImportItem.objects.visible_to(asker).filter(state=ItemState.OPEN, outcome=ItemOutcome.SET_ASIDE)
    number = open_ones.order_by()[:MOST_COUNTED].count()
    if number:
        words = counted(number, "value was set aside by the import", "values were set aside by the import")
        yield Notice(
            Weight.TASK,
            words if number < MOST_COUNTED else f"At least {words}",
            items_address(state__exact=ItemState.OPEN, outcome__exact=ItemOutcome.SET_ASIDE),
            "Nothing of it is lost: correct the value and load it again, or say that it needs nothing more.",
        )


def _without_sign_in() -> Iterator[Notice]:
    number = without_sign_in(User.objects.all()).count()
    if number:
        yield Notice(
            Weight.TASK,
            counted(number, "imported account cannot sign in", "imported accounts cannot sign in"),
            people_address("no_sign_in"),
            "No password that can be used, or no address of their own: correct the address, then send a link.",
        )
