"""An act that is sent twice happens once: the header ``Idempotency-Key`` of a POST by somebody who is signed in.

The client makes up a key for each act and sends it again when it does not know whether the first request arrived. The
second gets the answer of the first, and nothing more happens; with another content it is refused. Of two at the same
moment the later waits for the earlier. Keys are each person's own, so nobody can get at another's answer by one.

What was refused is not kept: sent again, it is tried again. Nor are answers that are files: making them changes
nothing.
"""

import hashlib
import json
import re
from http import HTTPStatus
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import connection
from django.http import HttpResponseBase, QueryDict
from django.utils.crypto import constant_time_compare, salted_hmac
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Role, StoredAnswer, User
from accounts.signals import viewed

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
_KEY = re.compile(r"[\x21-\x7e]{1,255}")


class KeyUsedOtherwiseError(APIException):
    """The same key came with another request."""

    status_code = HTTPStatus.UNPROCESSABLE_ENTITY
    default_detail = "This key was sent with another request before. Make up a new key for a new act."
    default_code = "idempotency_key_reused"


class AnsweredBefore(Exception):  # noqa: N818  # what happened, not a mistake
    """The act happened before; this is what was answered."""

    def __init__(self, response: Response) -> None:
        super().__init__("answered before")
        self.response = response


class Act:
    """One act that a client named by a key."""

    def __init__(self, request: Request, person: User, key: str) -> None:
        self.person = person
        self.key_hash = _hash("key", key)
        self.request_hash = _hash("request", _fingerprint(request))

    @classmethod
    def named_in(cls, request: Request, person: User) -> "Act | None":
        """The act that the request names, None where it names none. Raises ValidationError for what is no key."""
        key = request.headers.get(HEADER)
        if key is None or request.method != "POST":
            return None
        if not _KEY.fullmatch(key):
            raise ValidationError({HEADER: ["A key is 1 to 255 visible ASCII characters; a UUID is a good one."]})
        return cls(request, person, key)

    def begin(self) -> None:
        """Wait for the same act, if it is happening, and go on if it has not happened.

        Raises AnsweredBefore if it has, KeyUsedOtherwiseError if another one has with this key.
        """
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [self._lock])
        earlier = StoredAnswer.objects.filter(person=self.person, key_hash=self.key_hash).first()
        if earlier is None:
            return
        if not constant_time_compare(earlier.request_hash, self.request_hash):
            raise KeyUsedOtherwiseError
        why = {Role.PATIENT: "own", Role.DOCTOR: "care"}.get(Role(self.person.role), "administration")
        viewed.send(
            StoredAnswer,
            by=self.person,
            patient_id=self.person.pk if self.person.is_patient else None,
            resource_type="stored_answer",
            resource_id=earlier.pk,
            why=why,
        )
        raise AnsweredBefore(Response(json.loads(earlier.body), status=earlier.status_code, headers={REPLAYED: "true"}))

    def keep(self, response: HttpResponseBase) -> None:
        """Keep what is answered, in the transaction of the act: either both are stored or neither."""
        if isinstance(response, Response) and response.status_code < HTTPStatus.MULTIPLE_CHOICES:
            StoredAnswer(
                person=self.person,
                key_hash=self.key_hash,
                request_hash=self.request_hash,
                status_code=response.status_code,
                body=JSONRenderer().render(response.data).decode(),
            ).save(force_insert=True)

    @property
    def _lock(self) -> int:
        digest = hashlib.sha256(f"{self.person.pk} {self.key_hash}".encode()).digest()
        return int.from_bytes(digest[:8], signed=True)


def _hash(what: str, text: str) -> str:
    return salted_hmac(f"accounts.api.once.{what}", text, algorithm="sha256").hexdigest()


def _fingerprint(request: Request) -> str:
    """What was asked for, in one form whatever the order of the fields."""
    data = request.data
    sent = dict(data.lists()) if isinstance(data, QueryDict) else data
    return json.dumps([request.path, request.query_params.urlencode(), sent], sort_keys=True, default=_of_file)


def _of_file(value: Any) -> Any:
    if not isinstance(value, UploadedFile):
        return str(value)
    content = hashlib.sha256()
    for chunk in value.chunks():
        content.update(chunk)
    value.seek(0)
    return [value.name, content.hexdigest()]
