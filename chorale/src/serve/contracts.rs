//! The contracts of the topics, for programs that read them: the AsyncAPI document and the JSON Schemas of all events.

use std::collections::BTreeMap;
use std::future::ready;
use std::sync::LazyLock;

use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use schemas::contracts::{asyncapi, schema_texts};

/// They change only with the program.
const AGE: &str = "public, max-age=300";

static SCHEMAS: LazyLock<BTreeMap<String, String>> = LazyLock::new(schema_texts);
static ASYNCAPI: LazyLock<String> = LazyLock::new(|| asyncapi::served("./schemas/"));

/// `/asyncapi.json`, `/schemas` with the addresses of all schemas, and `/schemas/{type}.json`.
pub(super) fn routes() -> Router {
    Router::new()
        .route("/asyncapi.json", get(|| ready(document("application/json", ASYNCAPI.as_str()))))
        .route("/schemas", get(|| ready(document("application/json", index()))))
        .route("/schemas/{file}", get(|Path(file): Path<String>| ready(schema(&file))))
}

fn index() -> String {
    let address = |name: &String| format!("/schemas/{name}.json");
    serde_json::json!(SCHEMAS.keys().map(address).collect::<Vec<_>>()).to_string()
}

fn schema(file: &str) -> Response {
    match file.strip_suffix(".json").and_then(|name| SCHEMAS.get(name)) {
        Some(text) => document("application/schema+json", text.as_str()),
        None => (StatusCode::NOT_FOUND, "There is no such schema; /schemas lists all.\n").into_response(),
    }
}

fn document(media: &'static str, text: impl Into<String>) -> Response {
    ([(CONTENT_TYPE, media), (CACHE_CONTROL, AGE)], text.into()).into_response()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;

    /// All references of a document to others.
    fn others(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(fields) => {
                let reference = fields.get("$ref").and_then(Value::as_str);
                found.extend(reference.filter(|to| !to.starts_with('#')).map(str::to_owned));
                fields.values().for_each(|value| others(value, found));
            }
            Value::Array(values) => values.iter().for_each(|value| others(value, found)),
            _ => {}
        }
    }

    #[test]
    fn every_schema_that_the_asyncapi_document_names_is_served_with_its_identifier() {
        let mut found = BTreeSet::new();
        others(&serde_json::from_str(&ASYNCAPI).unwrap(), &mut found);
        let listed: Vec<String> = serde_json::from_str(&index()).unwrap();
        assert_eq!(found.len(), listed.len());
        for reference in found {
            let path = reference.strip_prefix('.').unwrap().to_owned();
            let file = path.strip_prefix("/schemas/").unwrap();
            assert_eq!(schema(file).status(), StatusCode::OK, "{file}");
            let name = file.trim_end_matches(".json");
            let text: Value = serde_json::from_str(&SCHEMAS[name]).unwrap();
            assert_eq!(text["$id"], format!("urn:chorale:schema:{name}"));
            assert!(listed.contains(&path), "{path}");
        }
        for unknown in ["x.json", "chorale.order.OrderPlaced.v1", "../x.json", ""] {
            assert_eq!(schema(unknown).status(), StatusCode::NOT_FOUND, "{unknown}");
        }
    }
}
