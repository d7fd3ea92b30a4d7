"""The stored entities, one module each: keys, items and access patterns. Knows no HTTP and no rule."""
