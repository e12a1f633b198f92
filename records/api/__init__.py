"""The chart through the API."""
