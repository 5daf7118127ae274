"""The paths of earlier programs, answered by the services of the canonical tree.

Scripts that were written for them go on working. Each module is one program; none has a rule or a query of its own.
"""
