"""Answers and prescriptions through the API, for patients and doctors."""
