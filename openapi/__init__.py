"""The OpenAPI description of the service, generated from its code and golden answers, and the page that shows it."""
