use super::*;

const TEXT: &str = "{ __typename }";

fn hash(text: &str) -> String {
    hex::encode(sha256(text))
}

fn with(manifest: &str, only_manifest: bool) -> PersistedQueries {
    let manifest = Arc::new(Manifest::parse(manifest).unwrap());
    PersistedQueries::new(&PersistedOptions { manifest, ..PersistedOptions::default() }, only_manifest)
}

#[test]
fn a_document_is_found_by_its_hash_once_it_was_registered() {
    let queries = with("{}", false);
    assert_eq!(queries.named(&hash(TEXT)), Err(NotStored::NotFound));
    let text = queries.offered(TEXT.to_owned(), &hash(TEXT)).unwrap();
    assert_eq!(queries.named(&hash(TEXT)), Err(NotStored::NotFound), "not before it passed the limits");
    queries.register(&text);
    assert_eq!(queries.named(&hash(TEXT)).as_deref(), Ok(TEXT));
    assert_eq!(queries.named(&format!("sha256:{}", hash(TEXT))).as_deref(), Ok(TEXT));
    for unknown in ["", "x", &hash("{ other }"), "sha256:"] {
        assert_eq!(queries.named(unknown), Err(NotStored::NotFound), "{unknown}");
    }
}

#[test]
fn a_hash_of_another_text_is_refused() {
    let queries = with("{}", false);
    for wrong in [hash("{ other }"), String::new(), "abc".to_owned()] {
        assert_eq!(queries.offered(TEXT.to_owned(), &wrong), Err(NotStored::OtherHash), "{wrong}");
    }
}

#[test]
fn clients_that_may_not_register_are_told_to_send_texts() {
    let options = PersistedOptions { automatic: None, ..PersistedOptions::default() };
    let queries = PersistedQueries::new(&options, false);
    assert_eq!(queries.named(&hash(TEXT)), Err(NotStored::NotSupported));
    let text = queries.offered(TEXT.to_owned(), &hash(TEXT)).unwrap();
    queries.register(&text);
    assert_eq!(queries.named(&hash(TEXT)), Err(NotStored::NotSupported));
}

#[test]
fn the_number_and_the_bytes_of_registered_documents_are_bounded_and_the_least_used_go_first() {
    let mut registered = Registered::new(AutomaticLimits { max_documents: 3, max_bytes: 100 });
    let put = |registered: &mut Registered, text: &str| registered.insert(sha256(text), text.into());
    for text in ["a", "b", "c"] {
        put(&mut registered, text);
    }
    assert!(registered.get(&sha256("a")).is_some());
    put(&mut registered, "d");
    put(&mut registered, "d");
    assert_eq!(registered.size(), (3, 3));
    assert!(registered.get(&sha256("b")).is_none() && registered.get(&sha256("a")).is_some());
    put(&mut registered, &"x".repeat(99));
    assert_eq!(registered.size(), (2, 100), "the most recent and what fits beside it");
    put(&mut registered, &"y".repeat(101));
    assert_eq!(registered.size(), (2, 100), "one that is too long takes no room");
}

#[test]
fn both_formats_of_manifests_are_read() {
    let apollo = r#"{ "format": "apollo-persisted-query-manifest", "version": 1, "operations": [
        { "id": "one", "name": "One", "type": "query", "body": "query One { __typename }" }] }"#;
    let map = r#"{ "one": "query One { __typename }" }"#;
    for manifest in [apollo, map] {
        let queries = with(manifest, true);
        assert_eq!(queries.named("one").as_deref(), Ok("query One { __typename }"));
        assert_eq!(queries.named("two"), Err(NotStored::IdNotListed));
        assert!(queries.text("query One { __typename }".to_owned()).is_ok());
        assert_eq!(queries.text(TEXT.to_owned()), Err(NotStored::TextNotListed));
        assert_eq!(queries.offered(TEXT.to_owned(), &hash(TEXT)), Err(NotStored::TextNotListed));
        let listed = queries.offered("query One { __typename }".to_owned(), "one").unwrap();
        queries.register(&listed);
        assert_eq!(queries.named(&hash(&listed)), Err(NotStored::IdNotListed), "nothing is registered");
    }
}

#[test]
fn a_file_that_is_no_manifest_is_refused_with_the_reason() {
    for (text, reason) in [
        ("", "neither a manifest"),
        ("[]", "neither a manifest"),
        (r#"{ "one": 7 }"#, "neither a manifest"),
        (r#"{ "format": "apollo-persisted-query-manifest", "version": 2, "operations": [] }"#, "version 2"),
        (r#"{ "format": "other", "version": 1, "operations": [] }"#, "other"),
        (r#"{ "one": "{" }"#, "\"one\""),
    ] {
        let error = Manifest::parse(text).unwrap_err().to_string();
        assert!(error.contains(reason), "{text}: {error}");
    }
    let twice = r#"{ "format": "apollo-persisted-query-manifest", "version": 1, "operations": [
        { "id": "one", "body": "{ a }" }, { "id": "one", "body": "{ b }" }] }"#;
    assert!(matches!(Manifest::parse(twice), Err(ManifestError::Repeated(id)) if id == "one"));
}
