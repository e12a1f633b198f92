"""The pages of accounts: signing in, registering, passwords, and one's own account."""
