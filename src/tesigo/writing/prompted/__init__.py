"""The model composer's rooms: what a model is asked, and what of its answer may enter a document."""
