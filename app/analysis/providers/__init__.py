"""Providers of analysis: one file each, the sole importer of its vendor."""
