"""Prefect tasks, one file a verb: ask DVC to bring a stage up to date, stream its log, publish what it made."""
