"""Bringing input files in."""
