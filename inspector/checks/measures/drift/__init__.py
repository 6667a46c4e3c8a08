"""What two models compute of the same images: which layers correspond, and how far those drift apart."""
