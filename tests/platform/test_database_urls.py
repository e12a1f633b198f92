"""Connection URLs as settings."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from medichat.db.urls import database_from_url


def test_plans_are_kept_only_when_asked_for() -> None:
    options = [
        database_from_url("postgresql://a:b@h/clinic", pool_size=1, keep_plans=keep)["OPTIONS"]
        for keep in (False, True)
    ]
    assert options[0]["prepare_threshold"] is None
    assert options[1]["prepare_threshold"] == 5


def test_every_part_of_a_url_is_understood() -> None:
    entry = database_from_url("postgresql://doc%40home:p%2Fw%25@db.example:6432/clinic?sslmode=require", pool_size=0)
    named = {name: entry[name] for name in ("NAME", "USER", "PASSWORD", "HOST", "PORT")}
    assert named == {"NAME": "clinic", "USER": "doc@home", "PASSWORD": "p/w%", "HOST": "db.example", "PORT": "6432"}
    assert entry["OPTIONS"]["sslmode"] == "require"
    assert "pool" not in entry["OPTIONS"]


def test_a_socket_directory_with_spaces_is_given_as_host() -> None:
    entry = database_from_url("postgresql://a:b@/clinic?host=%2Fmy%20clinic%2F50%25%2Fsocket&port=5432", pool_size=4)
    assert entry["HOST"] == "/my clinic/50%/socket"
    assert entry["OPTIONS"]["pool"]["max_size"] == 4


def test_values_are_bound_on_the_server_and_nothing_is_sent_that_a_pooler_refuses() -> None:
    options = database_from_url("postgresql://a:b@h/clinic", pool_size=1)["OPTIONS"]
    assert options["server_side_binding"] is True
    assert "options" not in options


@pytest.mark.parametrize(
    "url",
    [
        "",
        "sqlite:///clinic.db",
        "mysql://a:secret@h/clinic",
        "postgresql://a:secret@h",
        "postgresql://a:secret@h/",
        "postgresql://a:secret@h:port/clinic?nonsense",
        "host=h password=secret dbname=clinic",
    ],
)
def test_anything_else_is_refused_without_repeating_the_password(url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="must look like postgresql://") as refusal:
        database_from_url(url, pool_size=0)
    assert "secret" not in str(refusal.value)
