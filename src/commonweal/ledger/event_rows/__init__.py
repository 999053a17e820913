"""The rows of the closed list of event types, by subject; `ledger.events` joins them."""
