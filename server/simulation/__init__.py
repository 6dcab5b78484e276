"""A synthetic district in which the real engine works: every moment at which something is due, and no other.

`world` draws what happens from a seed; `residents` speak, `workers` act, `gateways` carry and fail; `run` moves the
clock from one due moment to the next; `rules` looks at every row after each step; `report` says what came of it.
"""
