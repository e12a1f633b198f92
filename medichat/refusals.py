"""Refusals that every app may utter and that the middleware turns into a page or an API answer."""


class SignInRequiredError(Exception):
    """Something was sent by nobody who is signed in (status 401): the answer gives back what was typed."""


class ConflictError(Exception):
    """The thing is in another state than the act needs (status 409). The message tells the person which."""
