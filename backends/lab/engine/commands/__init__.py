"""The commands of the stand-in, each `run(call)` in a file of its own."""
