"""Mail to people: a reference and a link, and never anything about a project or a patient."""
