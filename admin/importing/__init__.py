"""Moving data over from another system: read, checked and compared with what is stored before anything is written.

A run has four steps, none of which holds the data in memory:

1. `sources` and `mapping` read the rows of a file, and `kinds` checks each by itself.
2. `staging` keeps what was read in a temporary database, beside what the service has stored, and finds clashes.
3. The kind compares each row with what is stored, and plans the operations that make them equal.
4. `writer` writes them.

What is stored already needs no operation. So a second run writes nothing, and an interrupted one goes on where it was.
"""
