"""From foreign bytes to safe text and records."""
