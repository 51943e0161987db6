"""What a sample is: sources, checks, catalog, shards, batches. Imports no other room but project."""
