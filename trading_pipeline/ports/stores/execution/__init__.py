"""The ledger, and what the gate reads."""
