"""What studies need beside the data: brought by one person, approved by another, both signed."""
