"""Pages as text: cells, prose, labels and references."""
