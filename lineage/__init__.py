"""Where models come from and what assets became. Imports registry and media only."""
