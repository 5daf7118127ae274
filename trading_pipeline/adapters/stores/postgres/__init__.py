"""The database itself: connections, tables, bulk copies, migrations."""
