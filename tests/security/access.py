"""Who may do what, measured: every address asked as everybody, every table looked at in every context, as Markdown."""

import re
from collections.abc import Iterable
from typing import Any

import psycopg
from django.contrib import admin
from django.http import HttpRequest
from django.test import Client
from psycopg import sql

from tests.security.addresses import Address, addresses, plain_values
from tests.security.plain import become, columns_of, insert, protected_tables, undone
from tests.security.seed import Seed
from tests.security.test_idor import kind_of
from tests.security.test_row_security import OF_THE_IMPORT, her_row, with_new_key
from tests.security.walk import HALFWAY, VISITOR, Answer, asked, clients, walk_of

# Heading -> who it is.
PEOPLE = {
    "the patient": "patient",
    "another patient": "another_patient",
    "her doctor": "her_doctor",
    "another doctor": "stranger_doctor",
    "doctor not yet approved": "unapproved_doctor",
    "administrator": "administrator",
    "not signed in": VISITOR,
}
# On the pages one may also be between the two steps of signing in.
ON_PAGES = PEOPLE | {"her doctor, password only": HALFWAY}
# The same people as the database knows them.
CONTEXTS = {
    "the patient": ("patient", "patient"),
    "another patient": ("patient", "another_patient"),
    "her doctor": ("doctor", "her_doctor"),
    "another doctor": ("doctor", "stranger_doctor"),
    "doctor not yet approved": ("", "unapproved_doctor"),
    "administrator": ("admin", "administrator"),
    "not signed in": ("", ""),
}
YES, NO = "yes", "-"
# What a page answers -> the word in the table. Every other answer is the page's own.
WORDS = {401: "sign in", 403: "403", 404: "404"}
SEARCHES = {
    "the queue, by name": "/queue/?q=Brzovoljec",
    "the queue, by a word of the conversation": "/queue/?q=velociraptor",
    "answered cases of one's own, by name": "/queue/?tab=answered&q=Brzovoljec",
    "cases one has put away, by a word": "/queue/?tab=archived&q=velociraptor",
    "patients, by name": "/patients/?q=Brzovoljec",
    "patients, by allergy (recall)": "/patients/recall/?kind=allergies&name=Zirconfloxacin",
    "patients, by medicine (recall)": "/patients/recall/?kind=medicines&name=Quellamidol",
}


def table(headings: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table in Markdown."""
    headings = list(headings)
    lines = [headings, ["---"] * len(headings), *[list(row) for row in rows]]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines) + "\n"


def browsers(seed: Seed) -> dict[str, Client]:
    """A browser of everybody."""
    return {heading: clients(who, seed)[0] for heading, who in ON_PAGES.items()}


def shown(address: Address) -> str:
    """The path with the names of its parts in braces."""
    marks = {parameter: [f"00000000-0000-4000-8000-{place:012}"] for place, parameter in enumerate(address.parameters)}
    chosen = {name: values if name.endswith("_id") else plain_values()[name] for name, values in marks.items()}
    path = address.paths(chosen)[0]
    for name, (value, *_) in chosen.items():
        path = path.replace(f"/{value}/", f"/{{{name}}}/").replace(f"/{value}", f"/{{{name}}}")
    return path


def word_for(response: Answer) -> str:
    """How a page received somebody."""
    if response.headers.get("Location", "").startswith(("/account/code/", "/account/second-step/set-up/")):
        return "code"
    kind = kind_of(response)
    if kind == "":
        return "sign in" if response.status_code == 401 else YES
    return WORDS.get(kind, str(kind)) if isinstance(kind, int) else kind


def together(words: set[str]) -> str:
    """A cell of the table: what is open first."""
    return ", ".join(sorted(words, key=lambda word: (word != YES, word)))


def pages(seed: Seed) -> str:
    """The table of pages and files."""
    walks = [walk_of(who, seed) for who in ON_PAGES.values()]
    rows = []
    for address in addresses():
        if not (address.is_admin or address.is_api):
            cells = [together({word_for(answer) for answer in walk.asked(address)}) for walk in walks]
            rows.append([f"`{shown(address)}`", *cells])
    return table(["page or file", *ON_PAGES], sorted(rows))


def endpoints(seed: Seed) -> str:
    """The table of the API's methods."""
    walks = [walk_of(who, seed) for who in PEOPLE.values()]
    rows = []
    for address in addresses():
        for method in address.methods if address.is_api else ():
            cells = [
                together({WORDS.get(answer.status_code, YES) for answer in walk.called(address, method)})
                for walk in walks
            ]
            rows.append([f"`{method.upper()} {shown(address)}`", *cells])
    return table(["endpoint", *PEOPLE], rows)


def administration(seed: Seed, request: HttpRequest) -> str:
    """What an administrator may do with each kind of row in the administration."""
    request.user = seed.administrator
    acts = ("view", "add", "change", "delete")
    rows = [
        [
            str(model._meta.verbose_name_plural),
            *[YES if getattr(register, f"has_{act}_permission")(request) else NO for act in acts],
        ]
        for model, register in admin.site._registry.items()
    ]
    return table(["rows of", *acts], sorted(rows))


def administration_for_others(seed: Seed) -> dict[str, set[str]]:
    """How the administration's pages receive everybody else."""
    open_to_all = {"admin:login", "admin:logout", "admin:jsi18n"}
    return {
        heading: {
            word_for(answer)
            for address in addresses()
            if address.is_admin and address.name not in open_to_all
            for answer in walk_of(who, seed).asked(address)
        }
        for heading, who in PEOPLE.items()
        if who != "administrator"
    }


def searches(seed: Seed) -> str:
    """Who finds the patient by what."""
    clients = browsers(seed)
    links = re.compile("|".join(re.escape(row) for row in sorted(seed.ids)))
    rows = []
    for title, path in SEARCHES.items():
        cells = []
        for client in clients.values():
            response = asked(client, "get", path)
            word = word_for(response)
            finds = bool(links.search(response.content.decode())) if word == YES else False
            cells.append(word if word != YES else "finds her" if finds else "finds nobody")
        rows.append([title, *cells])
    return table(["search", *clients], rows)


def tables(seed: Seed, application: psycopg.Connection, superuser: psycopg.Connection) -> str:
    """What the database itself lets each of them do with the patient's rows, without the application's help."""
    rows = []
    for name in protected_tables(superuser):
        cells = [_powers(seed, application, superuser, name, *context) for context in CONTEXTS.values()]
        rows.append([f"`{name}`", *cells])
    return table(["table", *CONTEXTS], rows)


def _powers(
    seed: Seed, application: psycopg.Connection, superuser: psycopg.Connection, name: str, role: str, who: str
) -> str:
    row = her_row(superuser, name, seed.patient.pk)
    of_hers, values = _condition(name, seed)
    there = _count(superuser, name, of_hers, values)
    with undone(application):
        become(application, role, getattr(seed, who).pk if who else None)
        seen = _count(application, name, of_hers, values)
        powers = ["read" if seen == there else "read some"] if seen else []
        columns = columns_of(superuser, name)
        free = [column["name"] for column in columns if not column["is_key"]]
        chosen = "created_at" if "created_at" in free else free[-1]
        change = sql.SQL("UPDATE {} SET {} = {}").format(
            sql.Identifier(name), sql.Identifier(chosen), sql.Identifier(chosen)
        )
        powers += ["change"] if _allowed(application, change + of_hers, values) else []
        powers += ["add"] if _added(application, name, with_new_key(superuser, name, row)) else []
        delete = sql.SQL("DELETE FROM {}").format(sql.Identifier(name))
        powers += ["delete"] if _allowed(application, delete + of_hers, values) else []
    return ", ".join(powers) or NO


def _condition(name: str, seed: Seed) -> tuple[sql.Composed, list[str]]:
    column = {
        "users": "id",
        "sessions": "user_id",
        "mfa_tokens": "user_id",
        "stored_answers": "person_id",
        "auditlog_logentry": "object_pk",
        "django_admin_log": "object_id",
    }.get(name, "patient_id")
    if name in OF_THE_IMPORT:
        return sql.Composed([]), []
    return sql.SQL(" WHERE {}::text = %s").format(sql.Identifier(column)), [str(seed.patient.pk)]


def _count(connection: psycopg.Connection, name: str, of_hers: sql.Composed, values: list[str]) -> int:
    statement = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(name)) + of_hers
    row = connection.execute(statement, values).fetchone()
    assert row is not None
    return int(row[0])


def _allowed(connection: psycopg.Connection, statement: sql.Composed, values: list[str]) -> bool:
    """Whether the policies and privileges let at least one row through; a trigger or key may still refuse it."""
    try:
        with undone(connection):
            return connection.execute(statement, values).rowcount > 0
    except psycopg.errors.InsufficientPrivilege:
        return False
    except psycopg.Error:
        return True


def _added(connection: psycopg.Connection, name: str, row: dict[str, Any]) -> bool:
    try:
        insert(connection, name, row)
    except psycopg.errors.InsufficientPrivilege:
        return False
    except psycopg.Error:
        return True  # the policies let it through, and a constraint found the copy wanting
    return True
