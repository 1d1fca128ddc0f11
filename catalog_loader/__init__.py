"""catalog_loader: from a product feed to a published generation of the catalog."""
