"""One score from several timeframes and a model."""
