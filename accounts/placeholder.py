"""Addresses of accounts that came from the previous system without one of their own."""

DOMAIN = "no-address.invalid"
"""A name that can never exist (RFC 2606): nothing sent there reaches anybody."""


def is_placeholder(email: str) -> bool:
    """Whether somebody has yet to find out this person's address."""
    return email.endswith(f"@{DOMAIN}")
