"""The code of a page, changed for one tab or for other values."""
