"""A job over a document: requested, queued, run, watched."""
