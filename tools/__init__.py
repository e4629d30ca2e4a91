"""What is run by hand and by CI, and not shipped."""
