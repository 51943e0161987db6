"""How machines learn: settings, networks, losses, metrics, fitting loops. Imports no other room but project."""
