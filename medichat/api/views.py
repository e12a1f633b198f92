"""What every endpoint of the API is built on. Which people may call it is said in ``accounts.api.people``."""

from typing import Any, NoReturn, cast

from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from medichat.api.addresses import MalformedId
from medichat.api.declaring import Form, declaration_of


class ApiView(APIView):
    """An endpoint: fetch through ``visible_to``, act, answer.

    Checks come in this order: token (401), role (403), what was sent (400), what it is about (404). An address that
    exists does not exist for other methods: 404, as the previous system answered.
    """

    said_of_it = ""
    """What the schema says of it, where several addresses share a view and its docstring."""

    says_faults_plainly = False
    """Whether faults are one sentence instead of a JSON text: where the client shows it to a person as it is."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Who is it, may they, and is the address well written?"""
        super().initial(request, *args, **kwargs)
        faults = {name: ["This is no id."] for name, value in kwargs.items() if isinstance(value, MalformedId)}
        if faults:
            raise exceptions.ValidationError(faults)

    def sent(self, form: Form, **context: Any) -> dict[str, Any]:
        """What was sent, validated; everything that is wrong with it is raised at once."""
        self._require_declared(form, "takes")
        return _valid(form(data=self.request.data, context=context))

    def asked(self, form: Form) -> dict[str, Any]:
        """The query parameters, validated; empty ones are none."""
        self._require_declared(form, "asks")
        return _valid(form(data={name: text for name, text in self.request.query_params.items() if text}))

    def _require_declared(self, form: Form, how: str) -> None:
        """The schema is made from the declarations: what they leave out would be a secret of the code."""
        declaration = declaration_of(getattr(self, str(self.request.method).lower()))
        if form not in (declaration.forms if how == "takes" else declaration.queries):
            raise TypeError(f"{type(self).__name__}.{str(self.request.method).lower()} lacks @{how}({form.__name__})")

    def http_method_not_allowed(self, request: Any, *args: Any, **kwargs: Any) -> NoReturn:
        """Nothing here for this method."""
        raise exceptions.NotFound


def _valid(serializer: Serializer[Any]) -> dict[str, Any]:
    serializer.is_valid(raise_exception=True)
    return cast(dict[str, Any], serializer.validated_data)
