"""Passwords are kept as hashes that are slow on purpose."""

from trading_pipeline.adapters.access.argon2_passwords import Argon2Passwords


def test_a_hash_names_its_parameters_and_matches_its_password_alone() -> None:
    passwords = Argon2Passwords()
    kept = passwords.hashed("correct-horse-1")
    assert kept.startswith("$argon2id$")
    assert kept != passwords.hashed("correct-horse-1")
    assert passwords.matches(kept, "correct-horse-1")
    assert not passwords.matches(kept, "correct-horse-2")
    assert not passwords.matches("", "")
    assert not passwords.matches("no hash at all", "x")
