//! Lists of words.

use serde_json::json;

use super::books::{deletion, live, matching, put, write};
use super::{Checked, KeyedStore, Location, ensure};
use crate::port::Filter;

fn words(words: &[&str]) -> Filter {
    Filter::Words("words", words.iter().map(|word| (*word).to_owned()).collect())
}

pub(super) async fn words_find_texts_that_begin_with_them(location: &dyn Location) -> Checked {
    let store = location.open().await?;
    let keyed = KeyedStore::from(store.clone());
    let generation = live(&keyed).await?;
    let lists = [
        ("1", vec!["green", "tea", "loose"]),
        ("2", vec!["green", "teapot", "cast", "iron"]),
        ("3", vec!["tee", "te\u{10ffff}a", "größe"]),
        ("4", vec!["te", "te"]),
        ("5", vec![]),
        ("6", vec!["100%", "a_b", "x'y"]),
    ];
    let writes: Vec<_> = lists.iter().map(|(id, words)| write(id, 1, &json!({ "words": words }))).collect();
    put(&keyed, &generation, &writes).await?;
    for (asked, expected) in [
        (&["tea"][..], &["1", "2"][..]),
        (&["te"], &["1", "2", "3", "4"]),
        (&["te\u{10ffff}"], &["3"]),
        (&["teapots"], &[]),
        (&["gr", "tea"], &["1", "2"]),
        (&["tea", "iron"], &["2"]),
        (&["gr", "gr"], &["1", "2", "3"]),
        (&["grö"], &["3"]),
        (&["Tea"], &[]),
        (&["100%"], &["6"]),
        (&["1_"], &[]),
        (&["%"], &[]),
        (&["x'"], &["6"]),
        (&[""], &["1", "2", "3", "4", "6"]),
        (&[], &["1", "2", "3", "4", "5", "6"]),
    ] {
        let found = matching(&store, &generation, &[words(asked)]).await?;
        ensure!(found == expected, "the words {asked:?} find {found:?}, not {expected:?}");
    }
    Ok(())
}

pub(super) async fn lists_follow_their_documents(location: &dyn Location) -> Checked {
    let store = location.open().await?;
    let keyed = KeyedStore::from(store.clone());
    let generation = live(&keyed).await?;
    let finds = async |word: &str| matching(&store, &generation, &[words(&[word])]).await;
    put(&keyed, &generation, &[write("a", 1, &json!({ "words": ["one", "two"] }))]).await?;
    put(&keyed, &generation, &[write("a", 3, &json!({ "words": ["two", "three"] }))]).await?;
    ensure!(finds("one").await?.is_empty(), "a document is found by a word that it no longer has");
    ensure!(finds("two").await? == ["a"], "a document is not found by a word that it kept");
    ensure!(finds("three").await? == ["a"], "a document is not found by a new word");
    put(&keyed, &generation, &[write("a", 2, &json!({ "words": ["late"] }))]).await?;
    ensure!(finds("late").await?.is_empty(), "the words of an older version find the document");
    ensure!(finds("two").await? == ["a"], "an older version removed words");
    put(&keyed, &generation, &[write("b", 1, &json!({ "words": ["first"] }))]).await?;
    put(&keyed, &generation, &[write("b", 2, &json!({ "words": ["last"] }))]).await?;
    ensure!(finds("first").await?.is_empty(), "a version that was replaced is found");
    ensure!(finds("last").await? == ["b"], "the later version is not found");
    put(&keyed, &generation, &[deletion("a", 4)]).await?;
    ensure!(finds("t").await?.is_empty(), "a deleted document is found by its words");
    put(&keyed, &generation, &[write("a", 5, &json!({ "words": ["two"] }))]).await?;
    ensure!(finds("t").await? == ["a"], "a re-created document is not found by its words");
    Ok(())
}
