"""The gate of a release: faults by the hundred, and one table. `python -m tests.gate [--short] [PART...]`.

Each part is a function from its size to a report; CI runs all of them in short, from `tests/journeys`.
"""
