"""Pages of applications, by what a person does on them."""
