"""All that imports Textual: layout, keys and drawing; no I/O and no rules of the domain."""
