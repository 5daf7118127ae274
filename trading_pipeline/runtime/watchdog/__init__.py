"""The process that looks after the account when everything else may be gone."""
