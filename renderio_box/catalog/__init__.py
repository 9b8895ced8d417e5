"""What is kept besides jobs: files and keys. One method, one transaction."""
