// Opens the editor. What it asks, and what it begins with, stands in the page.
const place = document.getElementById("graphiql");
const { endpoint, query } = place.dataset;
ReactDOM.createRoot(place).render(
  React.createElement(GraphiQL, {
    fetcher: GraphiQL.createFetcher({ url: new URL(endpoint, window.location.origin).toString() }),
    defaultEditorToolsVisibility: true,
    defaultQuery: query,
  }),
);
