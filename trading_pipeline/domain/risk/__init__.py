"""What may be risked: limits, sizing and the rules of the gate."""
