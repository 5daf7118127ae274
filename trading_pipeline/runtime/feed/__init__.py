"""The feed: the venue's WebSockets into the database and the event streams."""
