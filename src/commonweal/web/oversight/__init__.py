"""Who decides, for everybody to see: the committee's members, and the group that looks over it."""
