"""How a process starts; wiring is the only place that chooses adapters."""
