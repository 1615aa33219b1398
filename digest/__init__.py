"""Digest publishes fresh and trending papers per topic, as feeds, a site and an e-mail digest."""

__version__ = "0.1.0"
