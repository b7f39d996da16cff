"""The shapes world: pictures that can be drawn exactly, described in words and judged exactly."""
