"""Measurements against real programs; `Benchmarks/bench` runs them."""
