"""What a run leaves behind and finds again: the spool and the snapshots it becomes."""
