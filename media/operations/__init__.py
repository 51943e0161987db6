"""Random variations of samples: one file a kind, each with its OPERATIONS, which a recipe offers under `augment:`."""
