"""Consultations through the API: the chat, its files, and what a patient does with a consultation."""
