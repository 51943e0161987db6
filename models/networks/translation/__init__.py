"""Networks that read a sequence and write another, as pieces: int (B, T), 0 is nothing, 1 the start, 2 the end.

facts["learnt"]["pieces"] says how many numbers a piece may have.
"""
