"""What the catalog's indices look like in Elasticsearch, as data: README.md says how to read and change it."""
