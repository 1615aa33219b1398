"""The verbs: load, call pure code, save in one transaction. The only place that strings the stages together."""
