"""Who must use a second factor: production cannot be talked out of it, the demonstration asks nobody."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from tests.platform import test_production_secrets as production

good, start = production.good, production.start


def test_doctors_and_administrators_by_default(good: dict[str, str]) -> None:
    assert start()["MFA_REQUIRED_ROLES"] == ["doctor", "admin"]


def test_everybody_if_the_clinic_wants(good: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MFA_REQUIRED_ROLES", "patient, doctor, admin")
    assert start()["MFA_REQUIRED_ROLES"] == ["patient", "doctor", "admin"]


@pytest.mark.parametrize("roles", ["admin", "doctor", "patient", ","])
def test_production_does_not_start_without_it(
    good: dict[str, str], monkeypatch: pytest.MonkeyPatch, roles: str
) -> None:
    monkeypatch.setenv("MFA_REQUIRED_ROLES", roles)
    with pytest.raises(ImproperlyConfigured, match=r"MFA_REQUIRED_ROLES leaves out .* name at least doctor,admin"):
        start()


def test_a_role_that_does_not_exist_is_named(good: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MFA_REQUIRED_ROLES", "doctors,admin")
    with pytest.raises(ImproperlyConfigured, match=r"must name roles .* not \['doctors', 'admin'\]"):
        start()


@pytest.mark.parametrize("value", ["1", "yes", "on", "true"])
def test_the_demonstration_does_not_run_in_production(
    good: dict[str, str], monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("MEDICHAT_DEMO", value)
    with pytest.raises(ImproperlyConfigured, match=r"MEDICHAT_DEMO is switched on.*remove MEDICHAT_DEMO"):
        start()


def test_elsewhere_the_demonstration_asks_nobody(good: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDICHAT_ENV", "development")
    assert start()["MFA_REQUIRED_ROLES"] == ["doctor", "admin"]
    monkeypatch.setenv("MEDICHAT_DEMO", "1")
    assert start()["MFA_REQUIRED_ROLES"] == []
