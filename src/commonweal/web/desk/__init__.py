"""The hospital's desk: screening, questions in turns, documents, advice, and assessments."""
