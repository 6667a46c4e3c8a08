"""The rules, one file per operator or family. Whoever asks for a rule finds all of them registered."""
