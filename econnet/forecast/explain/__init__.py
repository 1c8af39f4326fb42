"""What drives a forecast and what would change it; imports as `econnet.forecast`."""
