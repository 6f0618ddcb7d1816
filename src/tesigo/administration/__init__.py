"""What administrators see of an installation."""
