"""The label on the box: how often the crisis reader is right, for its rules, its model and both together.

    make crisis-report                                     # the project's own lines
    make crisis-report ARGS="--data some.jsonl --show misses"

`sets` says what is measured, `figures` counts, `telling` writes it for a person, `picture` draws it, `card` puts it
into the card. Figures of lines that were used for tuning are named as such.
"""
