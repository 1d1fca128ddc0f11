"""Measurements of what Akin promises. Nothing here is imported by the product."""
