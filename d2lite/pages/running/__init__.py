"""Running the cells of a page in a Jupyter kernel."""
