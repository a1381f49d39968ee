"""The rules a change is asked about before it is made, as pure functions of what was read: named, with evidence.

Over the other stamps: `others` and `headroom`. Of this stamp's lock: `locks`. For works' own findings, about what
they touch: `budgets`, `nodes` and `replicas`.
"""
