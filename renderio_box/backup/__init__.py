"""Copies of a box that can be put back in its place."""
