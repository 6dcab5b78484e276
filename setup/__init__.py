"""The set-up program: makes both environments, the pages and the trained dialogue.

It runs on a bare Python (3.9 or newer) with the standard library alone, because it runs before anything
else exists. `python3 -m setup` does everything; `python3 -m setup app dialogue` does these steps and what
they stand on. Each step is keyed by the contents of what it reads, and its stamp is written only after it has
succeeded: it can be interrupted and repeated at any time, and repeats nothing that has not changed.
"""
