//! Lists of texts.

use serde_json::json;

use super::books::{deletion, live, matching, put, write};
use super::{Checked, KeyedStore, Location, ensure};
use crate::port::Filter;

fn has_any(words: &[&str]) -> Filter {
    Filter::HasAny("words", words.iter().map(|word| (*word).to_owned()).collect())
}

pub(super) async fn lists_follow_their_documents(location: &dyn Location) -> Checked {
    let store = location.open().await?;
    let keyed = KeyedStore::from(store.clone());
    let generation = live(&keyed).await?;
    let finds = async |words: &[&str]| matching(&store, &generation, &[has_any(words)]).await;
    put(&keyed, &generation, &[write("a", 1, &json!({ "words": ["one", "two"] }))]).await?;
    put(&keyed, &generation, &[write("a", 3, &json!({ "words": ["two", "three"] }))]).await?;
    ensure!(finds(&["one"]).await?.is_empty(), "a document is found by a word that it no longer has");
    ensure!(finds(&["two"]).await? == ["a"], "a document is not found by a word that it kept");
    ensure!(finds(&["three"]).await? == ["a"], "a document is not found by a new word");
    put(&keyed, &generation, &[write("a", 2, &json!({ "words": ["late"] }))]).await?;
    ensure!(finds(&["late"]).await?.is_empty(), "the words of an older version find the document");
    ensure!(finds(&["two"]).await? == ["a"], "an older version removed words");
    put(&keyed, &generation, &[write("b", 1, &json!({ "words": ["first"] }))]).await?;
    put(&keyed, &generation, &[write("b", 2, &json!({ "words": ["last"] }))]).await?;
    ensure!(finds(&["first"]).await?.is_empty(), "a version that was replaced is found");
    ensure!(finds(&["last"]).await? == ["b"], "the later version is not found");
    put(&keyed, &generation, &[deletion("a", 4)]).await?;
    ensure!(finds(&["two", "three"]).await?.is_empty(), "a deleted document is found by its words");
    put(&keyed, &generation, &[write("a", 5, &json!({ "words": ["two"] }))]).await?;
    ensure!(finds(&["two", "three"]).await? == ["a"], "a re-created document is not found by its words");
    Ok(())
}
