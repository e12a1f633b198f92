"""``GET /api``: what is here. Public, and says nothing that helps an attacker."""

from typing import TypedDict

from rest_framework.request import Request

from medichat.api.declaring import Answer
from medichat.api.views import ApiView


class RootBody(TypedDict):
    """The API and where its parts are."""

    name: str
    version: str
    description: str
    endpoints: dict[str, str]


# Every part that the previous system named, so that scripts find the keys they read. Those without endpoints here
# answer 404, for which its client has views.
PARTS = {
    "auth": "/api/auth",
    "patients": "/api/patients",
    "doctors": "/api/doctors",
    "chatbot": "/api/chatbot",
    "admin": "/api/admin",
    "appointments": "/api/appointments",
    "labResults": "/api/lab-results",
    "vitalSigns": "/api/vital-signs",
    "carePlans": "/api/care-plans",
    "documents": "/api/documents",
    "billing": "/api/billing",
    "messages": "/api/messages",
}


class RootView(ApiView):
    """Name, version and parts."""

    authentication_classes = []
    permission_classes = []

    def get(self, request: Request) -> Answer[RootBody]:
        """What is here."""
        root = RootBody(
            name="MediChat API",
            version="1.0.0",
            description="Consultations and charts.",
            endpoints=PARTS,
        )
        return Answer(root)
