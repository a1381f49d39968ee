"""Works about any object: deleting, evicting, labelling, editing."""
