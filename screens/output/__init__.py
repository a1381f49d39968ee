"""How frames reach the terminal: changed cells only, no faster than the terminal takes them."""
