"""People who look at their own record, and choose: the web as a courier without a subject (S8)."""
