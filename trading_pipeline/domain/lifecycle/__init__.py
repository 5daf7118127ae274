"""From a signal to the last fill: the one description that pipeline, engine and simulated exchange follow."""
