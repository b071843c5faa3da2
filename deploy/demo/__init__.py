"""A small prefecture to try the house with: its organisation, three months of its history, and a story to play."""
