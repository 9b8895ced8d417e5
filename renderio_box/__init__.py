"""A self-hosted FFmpeg service in one process."""

__version__ = "0.1.0"
