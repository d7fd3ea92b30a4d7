// Shows openapi.yaml with Swagger UI, in the colours that the reader's system asks for.
const dark = matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", follow);
follow();

addEventListener("DOMContentLoaded", () => {
  SwaggerUIBundle({
    dom_id: "#reference",
    url: "/docs/openapi.yaml",
    deepLinking: true,
    defaultModelsExpandDepth: -1,
    displayRequestDuration: true,
    showExtensions: true,
    tryItOutEnabled: true,
    // The default asks a validator on the Internet.
    validatorUrl: null,
  });
});
