"""Pictures for people: run metadata and reports."""
