// Shows the document of this host.
SwaggerUIBundle({ url: new URL("../openapi.json", window.location.href).toString(), dom_id: "#swagger-ui", deepLinking: true });
