"""Telling others that a command has ended: what is sent, how it is signed, when."""
