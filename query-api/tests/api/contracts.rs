//! The schemas that are checked in are the ones that are served.

use std::path::Path;

fn compare(name: &str, now: &str) {
    let path = Path::new("../schemas/contracts/graphql").join(name);
    if std::env::var_os("UPDATE_CONTRACTS").is_some_and(|value| value == "1") {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, now).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == now,
        "schemas/contracts/graphql/{name} is not the schema that is served. If the change is meant, and breaks no client, \
         run UPDATE_CONTRACTS=1 cargo test -p query-api --test api and check the file in."
    );
}

#[test]
fn the_storefronts_schema_is_the_one_that_is_checked_in() {
    compare("storefront.graphql", &query_api::storefront_sdl());
}

#[test]
fn the_operators_schema_is_the_one_that_is_checked_in() {
    compare("admin.graphql", &query_api::admin_sdl());
}
