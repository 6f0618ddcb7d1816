"""Every call of a language model: made to survive, counted, and kept within its budget."""
