"""The API as RenderIO's clients know it, under ``/api/v1``."""
