"""Who used how many tokens, and how many may still be used today."""
