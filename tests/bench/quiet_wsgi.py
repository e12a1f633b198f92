"""The application without the record of activity, for a web server that is measured."""

from medichat.wsgi import application
from tests.bench.logging_switch import silence

silence()

__all__ = ["application"]
