"""Budget: what does it cost?"""
