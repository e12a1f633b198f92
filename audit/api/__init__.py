"""The activity log through the API, for administrators."""
