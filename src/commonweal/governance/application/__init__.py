"""Applications: what somebody asks for, typed, and whether it may be sent.

Drafts always save; sending is checked; a version is frozen at each sending. What a permit is
compiled from stands here, narrative stands in forms.
"""
