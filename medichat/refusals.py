"""Refusals that every app may utter and that the middleware turns into a page or an API answer."""


class ConflictError(Exception):
    """The thing is in another state than the act needs (status 409). The message tells the person which."""
