"""What people touch: the `dailies` command."""
