"""Every address of MediChat, found by introspection, with ids put in."""

import itertools
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver, resolve, reverse

from tests.security.seed import Seed


@dataclass(frozen=True)
class Address:
    """A named address: ``parameters`` are the names in it, in order."""

    name: str
    parameters: tuple[str, ...]

    @property
    def is_admin(self) -> bool:
        """Whether it belongs to the admin site."""
        return self.name.startswith("admin:")

    @property
    def is_api(self) -> bool:
        """Whether it belongs to the API."""
        return self.name.startswith("api:")

    @property
    def methods(self) -> list[str]:
        """What an address of the API can be asked for."""
        view: Any = resolve(self.paths(nobodys())[0]).func
        return [method for method in ("get", "post", "put", "patch", "delete") if hasattr(view.cls, method)]

    @property
    def names_a_row(self) -> bool:
        """Whether an id stands in it."""
        return any(parameter.endswith("_id") for parameter in self.parameters)

    def paths(self, values: dict[str, list[str]]) -> list[str]:
        """The paths with every combination of the values."""
        combinations = itertools.product(*(values[parameter] for parameter in self.parameters))
        return [
            reverse(self.name, kwargs=dict(zip(self.parameters, combination, strict=True)))
            for combination in combinations
        ]


def addresses() -> list[Address]:
    """All of them; an address without a name fails, because nothing could speak of it."""
    return sorted(_below(get_resolver(), ""), key=lambda address: address.name)


def _below(resolver: URLResolver, namespace: str) -> Iterator[Address]:
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            below = f"{namespace}{entry.namespace}:" if entry.namespace else namespace
            yield from _below(entry, below)
        elif isinstance(entry, URLPattern):
            if not entry.name:
                # The admin's catch-all and its redirect from an old address lead to named pages or nowhere.
                assert namespace == "admin:", f"an address without a name: {entry.pattern}"
                continue
            yield Address(f"{namespace}{entry.name}", tuple(entry.pattern.converters or entry.pattern.regex.groupindex))


def hers(seed: Seed) -> dict[str, list[str]]:
    """The values of parameters that lead to the patient's rows."""
    cases = [str(case.pk) for case in (seed.answered, seed.claimed, seed.unfinished)]
    return plain_values() | {
        "patient_id": [str(seed.patient.pk)],
        "conversation_id": cases,
        "case_id": cases,
        "attachment_id": [str(seed.attachment.pk)],
        "prescription_id": [str(seed.prescription.pk)],
        "request_id": [str(seed.refill.pk)],
        "code": [seed.sheet.code],
        "contact_id": [str(seed.contact.pk)],
        "entry_id": [str(seed.allergy.pk), str(seed.medicine.pk)],
        "session_id": [str(seed.session.pk)],
        "object_id": [str(seed.patient.pk)],
        "user_id": [str(seed.patient.pk)],
    }


def nobodys() -> dict[str, list[str]]:
    """The same parameters, with ids of nothing."""
    ids: tuple[str, ...] = ("patient_id", "conversation_id", "case_id", "attachment_id", "prescription_id")
    ids += ("contact_id", "entry_id", "request_id", "session_id", "object_id", "user_id")
    return plain_values() | {name: [str(uuid.uuid4())] for name in ids}


def plain_values() -> dict[str, list[str]]:
    """Values of the parts that are no ids of rows."""
    return {
        "slug": ["allergies", "medicines"],
        "part": ["about", "services"],
        "report": ["allergies", "response-times"],
        "row": ["0"],
        "role": ["patient"],
        "uidb64": ["AAAA"],
        "token": ["guess"],
        "code": ["0000-0000-0000-0000"],
        "app_label": ["accounts"],
        "content_type_id": ["1"],
        "url": ["x"],
    }
