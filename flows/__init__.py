"""Prefect flows: when which tasks run, and nothing else."""
