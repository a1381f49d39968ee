"""All that works without a screen: the model, the systems we read and write, and the operations that join them."""
