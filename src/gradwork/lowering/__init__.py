"""The fast readings of a graph: its compiled form, and the programs that are written from that."""
