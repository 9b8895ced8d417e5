"""Numbered, forward-only changes of the schema; never edited once released."""
