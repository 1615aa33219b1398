"""What an operator writes: `digest.toml` (settings) and TOML files of sources and topics (definitions)."""
