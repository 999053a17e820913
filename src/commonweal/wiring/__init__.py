"""Where the rooms of data are put together: what the vault lends is handed to the airlock.

Commands and workers of the service do the same things with an opened home. Neither may import the
other, and no room may import another room, so what they share stands here. It decides nothing.
"""
