"""Speeds, each beside a yardstick timed in the same run. Nothing here fails a build."""
