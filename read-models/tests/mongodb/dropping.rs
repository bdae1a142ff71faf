//! Generations whose dropping has failed half way.

use mongodb::bson::{Document, doc};
use platform::bus::Positions;
use read_models::contract::scratch::Scratch;
use read_models::contract::{BOOKS, Location};
use read_models::{Generation, GenerationState, StoreError, Write};

/// What a call that failed has done of its three steps.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Done {
    /// Noted that the generation is being dropped.
    Noted,
    /// And deleted its entry.
    Entry,
    /// And dropped the documents.
    Documents,
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drop_that_failed_half_way_is_repeated_and_leaves_nothing() {
    for done in [Done::Noted, Done::Entry, Done::Documents] {
        let location = Scratch::new();
        let store = location.open().await.unwrap();
        let live = store.generations.live(&BOOKS).await.unwrap();
        let dropped = store.generations.create(&BOOKS).await.unwrap();
        let book = Write { id: "a".to_owned(), version: 1, body: Some("{}".to_owned()), stale: false };
        store.keyed.write(&dropped, &[book], &Positions::new()).await.unwrap();

        let database = location.database().await.unwrap();
        let of = |name: &str| database.collection::<Document>(name);
        let noted = doc! { "$set": { "building": [], "dropping": [2_i64] }, "$inc": { "revision": 1_i64 } };
        of("shapes").update_one(doc! { "_id": "books_v1" }, noted).await.unwrap();
        if done != Done::Noted {
            of("generations").delete_one(doc! { "_id": "books_v1_g2" }).await.unwrap();
        }
        if done == Done::Documents {
            of("books_v1_g2").drop().await.unwrap();
        }

        let listed = |state: GenerationState, generation: &Generation| (generation.clone(), state);
        let expected = [listed(GenerationState::Live, &live), listed(GenerationState::Retired, &dropped)];
        assert_eq!(store.generations.list().await.unwrap(), expected, "{done:?}");
        // It may have lost its documents.
        let refused = store.generations.switch(&dropped).await;
        assert!(matches!(refused, Err(StoreError::NoGeneration(_))), "{done:?}: {refused:?}");

        store.generations.drop_generation(&dropped).await.unwrap();
        assert_eq!(store.generations.list().await.unwrap(), expected[..1], "{done:?}");
        let names = database.list_collection_names().await.unwrap();
        assert!(!names.contains(&"books_v1_g2".to_owned()), "{done:?}: {names:?}");
        let entries = of("generations").count_documents(doc! { "_id": "books_v1_g2" }).await.unwrap();
        assert_eq!(entries, 0, "{done:?}");
        let again = store.generations.drop_generation(&dropped).await;
        assert!(matches!(again, Err(StoreError::NoGeneration(_))), "{done:?}: {again:?}");
        assert_eq!(store.generations.create(&BOOKS).await.unwrap().number, 3, "{done:?}");
    }
}
