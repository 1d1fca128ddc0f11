"""The demo shop: invents household products, renders them in 3-D and writes a Merchant feed with ground truth."""
