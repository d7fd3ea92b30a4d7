"""What operators do: one module per noun. No endpoint of the PBX imports it."""
