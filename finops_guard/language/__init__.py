"""What users write: strict YAML with positions, JSON Schema, conditions, packs and policies."""
