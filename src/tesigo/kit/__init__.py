"""What every room of the house stands on; nothing in here knows what a document is."""
