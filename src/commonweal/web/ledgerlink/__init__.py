"""The link to the ledger: no governed row without its intent, in the same transaction (rule 2)."""
