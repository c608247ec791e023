"""Tabbed pages: reading them and running their cells in a Jupyter kernel."""
