"""What a user may ask for about themselves: all that is kept of them, and that it goes."""
