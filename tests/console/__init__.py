"""Tests of the shell: configuration, command line, wiring."""
