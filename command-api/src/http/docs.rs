//! The OpenAPI document, and a page that shows it. Swagger UI is built in: the page loads nothing from elsewhere.

use std::future::ready;
use std::sync::Arc;

use axum::extract::Path;
use axum::response::{Html, Redirect};
use axum::routing::get;
use axum::{Json, Router};
use http_server::{PAGE_POLICY, PageFile, SCRIPT, page_file};
use utoipa::openapi::OpenApi;

use super::AppState;

/// The files that `command-api/swagger-ui/fetch.sh` fetched, and the script that starts the page.
const FILES: [PageFile; 3] = [
    ("boot.js", SCRIPT, false, include_bytes!("../../swagger-ui/boot.js")),
    ("swagger-ui.css", "text/css", true, include_bytes!("../../swagger-ui/swagger-ui.css.gz")),
    ("swagger-ui-bundle.js", SCRIPT, true, include_bytes!("../../swagger-ui/swagger-ui-bundle.js.gz")),
];

/// Names are relative to `/docs/`.
const PAGE: &str = r#"<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Chorale: commands</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="swagger-ui.css">
</head>
<body>
<div id="swagger-ui">Loading …</div>
<script src="swagger-ui-bundle.js"></script>
<script src="boot.js"></script>
</body>
</html>
"#;

pub(super) fn routes(document: OpenApi) -> Router<Arc<AppState>> {
    let document = Arc::new(document);
    Router::new()
        .route("/openapi.json", get(move || ready(Json(Arc::clone(&document)))))
        .route("/docs", get(|| ready(Redirect::permanent("/docs/"))))
        .route("/docs/", get(|| ready(([PAGE_POLICY], Html(PAGE)))))
        .route("/docs/{file}", get(|Path(name): Path<String>| ready(page_file(&FILES, &name))))
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;
    use sha2::{Digest, Sha256};

    use super::*;

    #[test]
    fn the_page_loads_files_that_are_there_and_nothing_from_elsewhere() {
        for (name, ..) in FILES {
            assert!(PAGE.contains(&format!("\"{name}\"")), "{name}");
            assert_eq!(page_file(&FILES, name).status(), StatusCode::OK);
        }
        assert_eq!(PAGE.matches(" src=").count() + PAGE.matches("stylesheet").count(), FILES.len());
        assert!(!PAGE.contains("://"));
        assert_eq!(page_file(&FILES, "other").status(), StatusCode::NOT_FOUND);
    }

    #[test]
    fn the_files_are_those_that_were_fetched() {
        let sums = include_str!("../../swagger-ui/SHA256SUMS");
        for (name, _, compressed, bytes) in FILES {
            let sum = hex::encode(Sha256::digest(bytes));
            let listed = sums.contains(&format!("{sum}  {name}.gz\n"));
            assert_eq!(listed, compressed, "{name}: run command-api/swagger-ui/fetch.sh");
        }
    }
}
