"""One file for each thing outside, each behind a port."""
