"""Every source of every stamp, examined."""
