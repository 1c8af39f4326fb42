"""The use cases: prepare, train, forecast, explain, rank, replay."""
