"""What happened: reports that read the tables directly, with the operator's rights, and never write."""
