"""Pages of agreements and permits."""
