"""The quality of what a model is given: rules for values, duplicates, outliers."""
