"""The scorecard of `check`: faults planted in good models, good twins, and which rules tell them apart."""
