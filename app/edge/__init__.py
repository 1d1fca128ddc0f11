"""What the HTTP interface and the pages share: errors, uploads, limits, health, dependencies."""
