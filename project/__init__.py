"""What every room needs to know of a project: its folders, params.yaml, errors and progress. Imports no other room."""
