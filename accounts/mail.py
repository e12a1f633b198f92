"""E-mails about an account: sent after the request's transaction and beside it.

Waiting for a mail server would hold a database connection, and would tell by the time it takes whether an address is
known. Nothing clinical is ever written in an e-mail.
"""

import logging
from concurrent.futures import ThreadPoolExecutor
from smtplib import SMTPException
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse

logger = logging.getLogger(__name__)
_post = ThreadPoolExecutor(max_workers=2, thread_name_prefix="mail")


def write(template: str, to: str, **context: Any) -> None:
    """Send ``accounts/mail/<template>.txt`` (its first line is the subject) when the transaction has succeeded.

    A letter to an address of which nobody has shown yet that it is theirs repeats nothing that was typed, no name
    either: anybody could send a stranger words of their own in the clinic's name.
    """
    facts = {"clinic_name": settings.CLINIC_NAME, "clinic_phone": settings.CLINIC_PHONE, **context}
    subject, _, body = render_to_string(f"accounts/mail/{template}.txt", facts).strip().partition("\n")
    message = EmailMessage(subject.strip(), body.strip() + "\n", to=[to])
    transaction.on_commit(lambda: post(message))


def post(message: EmailMessage) -> None:
    """Hand the message over to the thread that delivers."""
    _post.submit(deliver, message)


def deliver(message: EmailMessage) -> None:
    """Send it now. A failure is logged without the address: the person asks again, and no request waits for it."""
    try:
        message.send()
    except (SMTPException, OSError) as error:
        logger.error("An e-mail was not sent: %s", type(error).__name__)


def address_of(view: str, *arguments: str) -> str:
    """The full address of a page, from settings and not from the request, whose Host somebody else may have chosen."""
    return settings.PUBLIC_URL + reverse(view, args=arguments)
