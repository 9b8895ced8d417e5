"""The command line: ``renderio-box``."""
