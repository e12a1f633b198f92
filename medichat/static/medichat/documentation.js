// The API's documentation: the list that is there becomes pages on which calls can be tried. Nothing comes from another
// host, and the token that somebody enters is forgotten with the page.
"use strict";

(function () {
  const place = document.getElementById("documentation");
  const theme = document.documentElement.dataset.theme;
  const prefersDark = window.matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.classList.toggle("dark-mode", theme ? theme === "dark" : prefersDark);
  window.SwaggerUIBundle({
    url: place.dataset.schema,
    domNode: place,
    deepLinking: true,
    docExpansion: "list",
    defaultModelsExpandDepth: 0,
    persistAuthorization: false,
    validatorUrl: null,
  });
})();
