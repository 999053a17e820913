"""Applications: written in drafts, sent as frozen versions, seen by those who write them."""
