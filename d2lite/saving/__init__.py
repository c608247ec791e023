"""Parameters and training states in files."""
