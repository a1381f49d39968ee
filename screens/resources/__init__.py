"""Tables of any kind of resource."""
