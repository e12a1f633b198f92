"""What the REST API under ``/api/`` needs once: addresses, error bodies, views, forms of values, pages, origins.

The endpoints themselves stand in the ``api`` package of the app whose data they show; ``medichat.api.urls`` collects
them. How the API behaves towards existing clients is written down in ``docs/api.md``.
"""
