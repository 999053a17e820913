"""The yearly review of a project: written, sent, read, accepted; its due dates and reminders."""
