"""A stamp's own Azure Resource Manager over TLS, with the endpoint that signs tokens for it."""
