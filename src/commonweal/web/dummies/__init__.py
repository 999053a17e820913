"""Made-up data for the people of a project: from permit and catalogue alone, made by a worker."""
