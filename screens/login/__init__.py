"""What a machine asks a person before it lets us in."""
