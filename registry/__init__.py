"""Versions and stages: the only callers of git and of DVC. Imports no other room but project."""
