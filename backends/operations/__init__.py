"""What the console does: it joins systems, folds their facts, and carries intents out."""
