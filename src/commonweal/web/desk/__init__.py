"""The hospital's desk: screening, questions in turns, documents, advice, and the assessment's way."""
