"""The backends held against a reference in NumPy."""
