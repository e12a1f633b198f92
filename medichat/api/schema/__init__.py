"""The API described in OpenAPI 3.1, made from the endpoints themselves: ``/api/schema`` and ``/api/docs``.

- ``types``: the ``TypedDict``s of answers become components.
- ``operations``: a view's method, its declarations (``medichat.api.declaring``) and its permissions become an operation
  with every answer and every refusal.
- ``forms``: what serializers' fields of this project accept.
- ``examples``: what stands in examples.
- ``views``: the schema and the documentation pages.
"""
