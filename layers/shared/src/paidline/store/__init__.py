"""DynamoDB access: one module per entity, with its keys, items and access patterns. No HTTP and no business rules."""
