"""What is said of findings, wherever they were made: configurations, silences, accepted ones, formats for CI."""
