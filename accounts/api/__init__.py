"""Accounts through the API: signing in and out, tokens, registering, passwords."""
