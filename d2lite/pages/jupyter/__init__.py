"""Tabs in a live notebook."""
