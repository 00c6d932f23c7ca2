"""From logs of the past to what Prometheus would have scraped at the time."""
