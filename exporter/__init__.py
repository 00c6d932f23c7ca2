"""modeltail: a Prometheus exporter for the logs of machine-learning models and their machines."""

__version__ = "0.1.0"
