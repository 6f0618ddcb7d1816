"""What a user owns: documents with all that is in them; and the library that all share."""
