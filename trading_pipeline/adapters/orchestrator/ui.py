"""What the two sides of the Dagster UI's door agree on: the API that stands before it, and the webserver behind."""

UI_PREFIX = "/dagster"
"""Where the UI answers, at the webserver and at the API alike, so that its pages need no rewriting."""
READ_ONLY_HEADER = "X-Read-Only"
"""Of a request whose sender may only look. It takes rights away and gives none, so anybody may send it."""
