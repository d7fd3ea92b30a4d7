// Shows openapi.yaml with Swagger UI, in the colours that the reader's system asks for.
const dark = matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", follow);
follow();

// The file's samples name the address of `make run`, and its servers the API reference's hosts. The page shows its own
// address instead: it may send requests to no other.
const SAMPLES_ORIGIN = "http://127.0.0.1:3000";
const ownServer = {
  statePlugins: {
    spec: {
      wrapActions: {
        updateJsonSpec: (update) => (spec) => {
          for (const path of Object.values(spec.paths)) delete path.post.servers;
          return update(spec);
        },
      },
    },
  },
};

// Swagger UI shows extensions as JSON; an operation's only one are its code samples.
const codeSamples = (system) => {
  const element = system.React.createElement;
  const sample = (found) =>
    element(
      "details",
      { key: found.get("label") },
      element("summary", null, found.get("label")),
      element("pre", { tabIndex: 0 }, found.get("source").replaceAll(SAMPLES_ORIGIN, location.origin)),
    );
  const samples = ({ extensions }) =>
    element("div", { className: "code-samples" }, element("h4", null, "Code"), extensions.get("x-codeSamples").map(sample));
  return { wrapComponents: { OperationExt: () => samples } };
};

addEventListener("DOMContentLoaded", () => {
  SwaggerUIBundle({
    dom_id: "#reference",
    url: "/docs/openapi.yaml",
    deepLinking: true,
    defaultModelsExpandDepth: -1,
    displayRequestDuration: true,
    showExtensions: true,
    plugins: [ownServer, codeSamples],
    tryItOutEnabled: true,
    // The default asks a validator on the Internet.
    validatorUrl: null,
  });
});
