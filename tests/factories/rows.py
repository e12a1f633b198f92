"""What all factories share."""

from typing import Any

from factory.django import DjangoModelFactory

from medichat.db.context import system


class SystemFactory(DjangoModelFactory[Any]):  # type: ignore[misc]  # factory_boy is untyped for us
    """Creates as the system, whatever context the test is in."""

    class Meta:
        abstract = True
        skip_postgeneration_save = True

    @classmethod
    def _create(cls, model_class: type[Any], *args: Any, **fields: Any) -> Any:
        with system():
            return super()._create(model_class, *args, **fields)
