"""The look of the service: nhsuk-frontend without NHS branding, form fields, and house macros."""
