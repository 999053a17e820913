"""Tables of patient data: the hardened engine connection and the closed list of operations."""
