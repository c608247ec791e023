"""Starting one lesson as several processes, which train together."""
