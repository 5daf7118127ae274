"""What each port promises, as tests that run against whatever keeps it: adapters and fakes alike.

A contract is a class of tests without the prefix ``Test``, so that it is collected only where a class derived from it
gives the fixtures that it asks for.
"""
