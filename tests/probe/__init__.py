"""Tests of asking the application over real sockets."""
