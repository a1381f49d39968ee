"""Tests of reading a stamp's Resource Manager over real sockets."""
