"""Networks that rank items: (history (B, L), its lengths (B,)) → a score an item (B, 1 + items).

Item 0 is none: it pads histories, and never gets a score that counts. All others count in facts["learnt"]["items"].
"""
