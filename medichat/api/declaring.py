"""How an endpoint says what it takes and how it refuses. What it answers is the return type of its method.

    @takes(NewUser)
    @refuses(409, "The address is registered already.")
    def post(self, request: Request) -> Created[OneUserBody] | JsonResponse:

The schema is made from this (``medichat.api.schema``). ``ApiView.sent`` and ``ApiView.asked`` read no form that is not
declared, so that an endpoint cannot take what the schema does not know.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from rest_framework.response import Response
from rest_framework.serializers import Serializer

Body = TypeVar("Body", covariant=True)
Handler = TypeVar("Handler", bound=Callable[..., Any])
Form = type[Serializer[Any]]
MARK = "declaration"


class Answer(Generic[Body], Response):
    """Status 200 with this body, a ``TypedDict``."""

    success = 200

    def __init__(self, body: Body, **options: Any) -> None:
        super().__init__(body, status=self.success, **options)


class Created(Answer[Body]):
    """Status 201: there is something new."""

    success = 201


@dataclass(frozen=True)
class Refused:
    """A way to refuse beyond those that follow from what the endpoint is; ``body`` where more is said than usual."""

    status: int
    why: str
    body: Any = None


@dataclass(frozen=True)
class File:
    """An answer that is no JSON."""

    media_type: str
    what: str
    status: int = 200


@dataclass
class Declaration:
    """What a method takes and how it may refuse."""

    forms: list[Any] = field(default_factory=list)
    queries: list[Form] = field(default_factory=list)
    refusals: list[Refused] = field(default_factory=list)
    files: list[File] = field(default_factory=list)
    headers_read: dict[str, str] = field(default_factory=dict)
    headers_sent: dict[str, str] = field(default_factory=dict)


def declaration_of(handler: Any) -> Declaration:
    """What was declared of this method; an empty declaration where nothing was."""
    return getattr(handler, MARK, None) or Declaration()


def takes(*forms: Any) -> Callable[[Handler], Handler]:
    """The bodies that are read: serializers, or a ``TypedDict`` where the method reads the body by itself.

    Several are parts of one body.
    """
    return _declaring(lambda declaration: declaration.forms.extend(forms))


def asks(*forms: Form) -> Callable[[Handler], Handler]:
    """The query parameters that are looked at, as serializers."""
    return _declaring(lambda declaration: declaration.queries.extend(forms))


def refuses(status: int, why: str, *, body: Any = None) -> Callable[[Handler], Handler]:
    """A status that does not follow from what the endpoint is, and when. ``body`` is an ``ErrorBody`` with more."""
    return _declaring(lambda declaration: declaration.refusals.append(Refused(status, why, body)))


def sends_file(media_type: str, what: str, *, status: int = 200) -> Callable[[Handler], Handler]:
    """The answer is no JSON but a file of this type."""
    return _declaring(lambda declaration: declaration.files.append(File(media_type, what, status)))


def reads_header(name: str, meaning: str) -> Callable[[Handler], Handler]:
    """A header of the request that changes what happens."""
    return _declaring(lambda declaration: declaration.headers_read.update({name: meaning}))


def sends_header(name: str, meaning: str) -> Callable[[Handler], Handler]:
    """A header of the answer when it succeeds."""
    return _declaring(lambda declaration: declaration.headers_sent.update({name: meaning}))


def _declaring(declare: Callable[[Declaration], None]) -> Callable[[Handler], Handler]:
    def decorate(handler: Handler) -> Handler:
        if not hasattr(handler, MARK):
            setattr(handler, MARK, Declaration())
        declare(getattr(handler, MARK))
        return handler

    return decorate
