"""A change staged over stamps, while it goes on."""
