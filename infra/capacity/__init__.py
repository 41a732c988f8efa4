"""What a stage can carry: load, connections and memory. Numbers in, a proof out."""
