"""Networks that read: numbers of words, int (B, T), 0 after the end of a text → one number a class (B, classes).

Words count from 2 in facts["learnt"]["words"]; 1 is any word that is not there. `settings`: width, dropout, word_dropout.
"""
