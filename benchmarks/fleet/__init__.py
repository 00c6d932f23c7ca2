"""Made-up fleets of models."""
