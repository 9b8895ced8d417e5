"""The API as Rendi's clients know it, under ``/v1``."""
