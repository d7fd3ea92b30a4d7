"""What operators and web sites do to the service: the commands of the admin function, one module per noun."""
