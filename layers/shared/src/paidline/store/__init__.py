"""DynamoDB: one module per entity, with its keys, items and access patterns. Knows no HTTP and no rules."""
