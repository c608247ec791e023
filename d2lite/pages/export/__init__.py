"""Writes pages that ran, with their outputs: as notebooks, as Markdown, and as web pages."""
