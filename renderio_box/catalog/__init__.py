"""What is kept besides jobs: files, presets and keys. One method, one transaction."""
