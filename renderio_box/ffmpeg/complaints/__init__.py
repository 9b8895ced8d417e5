"""PURE. What FFmpeg complains of, what that means, and what to change."""
