"""Breaking and mending the stamps of a demo."""
