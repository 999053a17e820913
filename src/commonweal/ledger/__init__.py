"""The ledger: two Merkle logs of what was decided and done, which anyone can check.

Events of a closed list become intents in the transaction of the business change, a sequencer gives
them their place in an RFC 9162 tree, a signer signs checkpoints, and `verify` recomputes it all.
"""
