"""One module for each thing that reads what it does not trust; `fuzz(data)` gives it bytes."""
