"""Service level objectives: error budgets, how fast they burn, and the rules that watch them."""
