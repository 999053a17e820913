"""Researchers send code to the data: studies, their jobs, and dummy data to write them on."""
