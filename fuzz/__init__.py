"""Inputs that nobody would write, made by atheris (libFuzzer) from those in `corpus/`."""
