"""The verbs as plain programs: `python -m steps.train digits` is what the DVC stage train@digits runs. No Prefect here."""
