"""How well anomalies are found: planted into logs, ranked, counted as in the paper."""
