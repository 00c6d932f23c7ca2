"""The Markov model of message order (Haque, DeLucia and Baseman, HUST 2017)."""
