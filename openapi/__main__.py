"""Write the OpenAPI file and the collection: `python -m openapi`."""

from __future__ import annotations

from openapi import collection, document, samples

if __name__ == "__main__":
    built = document.build()
    document.FILE.write_text(document.to_yaml(built), encoding="ascii")
    made = collection.build(built, samples.BASE_URL)
    collection.FILE.write_text(collection.to_json(made), encoding="ascii")
