"""What a run leaves behind and finds again: its snapshot, and the lease, the halt, the episodes and the journal."""
