"""Benchmarks. Digest is loaded before all else, as it settles how numpy works."""

import digest as digest
