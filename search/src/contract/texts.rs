//! What texts find.

use platform::contract::Checked;

use super::draw::Draw;
use super::{Indexes, ensure};
use crate::port::{Category, Entry, LONGEST_TEXT, MOST_WORDS, Query, Search, SearchError};

fn entry(id: &str, title: &str) -> Entry {
    Entry { id: id.to_owned(), version: 1, title: title.to_owned(), ..Entry::default() }
}

async fn find(index: &dyn Search, text: &str) -> Result<Vec<String>, SearchError> {
    let query = Query { text: Some(text.to_owned()), limit: 100, ..Query::default() };
    Ok(index.find(&query).await?.hits.into_iter().map(|hit| hit.place.id).collect())
}

pub(super) async fn text_without_a_letter_or_digit_finds_nothing(indexes: &dyn Indexes) -> Checked {
    let index = indexes.empty();
    index.put(vec![entry("1", "Green tea"), entry("2", "100 % !!!")]).await?;
    for text in [
        "",
        " ",
        "%",
        "!!!",
        " - ",
        "*",
        "\u{1f375}",
        "\u{200b}",
        "\"",
        "' OR 1=1 --".split('O').next().unwrap_or(""),
    ] {
        let found = find(&*index, text).await?;
        ensure!(found.is_empty(), "{text:?} finds {found:?}");
        let suggested = index.suggest(text, &[String::new()], 5).await?;
        ensure!(
            suggested.entries.is_empty() && suggested.categories.is_empty(),
            "{text:?} suggests {suggested:?}"
        );
    }
    Ok(())
}

pub(super) async fn text_that_is_too_long_is_refused(indexes: &dyn Indexes) -> Checked {
    let index = indexes.empty();
    index.put(vec![entry("1", "Green tea")]).await?;
    for text in ["x".repeat(LONGEST_TEXT + 1), "tea ".repeat(MOST_WORDS + 1), "x".repeat(10_240)] {
        let found = find(&*index, &text).await;
        ensure!(matches!(found, Err(SearchError::TooLong)), "{} characters: {found:?}", text.len());
        let suggested = index.suggest(&text, &[], 5).await;
        ensure!(matches!(suggested, Err(SearchError::TooLong)), "{} characters: {suggested:?}", text.len());
    }
    find(&*index, &"x".repeat(LONGEST_TEXT)).await?;
    find(&*index, "tea ".repeat(MOST_WORDS).trim()).await?;
    Ok(())
}

pub(super) async fn any_text_is_answered_or_refused(indexes: &dyn Indexes) -> Checked {
    let index = indexes.empty();
    let mut draw = Draw::new(7);
    index.put(draw.entries(30)).await?;
    let alphabet: Vec<char> =
        "aeou ätß-'’%\"*?\\/0123456789T\u{301}\u{0}\u{10ffff}が\u{1f375}\u{202e}ǰ".chars().collect();
    for _ in 0..3_000 {
        let length = draw.below(60);
        let text: String = (0..length).map(|_| alphabet[draw.below(alphabet.len())]).collect();
        match find(&*index, &text).await {
            Ok(_) | Err(SearchError::TooLong) => {}
            Err(error) => return Err(format!("{text:?}: {error}").into()),
        }
        index.suggest(&text, &["PUBLISHED".to_owned()], 3).await.map(drop).or_else(|error| match error {
            SearchError::TooLong => Ok(()),
            error => Err(error),
        })?;
    }
    Ok(())
}

pub(super) async fn case_accents_and_encoding_make_no_difference(indexes: &dyn Indexes) -> Checked {
    let index = indexes.empty();
    // Composed and decomposed.
    index.put(vec![entry("1", "Früchte"), entry("2", "Fru\u{308}chte"), entry("3", "Weiße Straße")]).await?;
    for text in ["Früchte", "Fru\u{308}chte", "fruchte", "FRÜCHTE", "Fruechte"] {
        let mut found = find(&*index, text).await?;
        found.sort();
        ensure!(found == ["1", "2"], "{text:?} finds {found:?}");
    }
    for text in ["weisse strasse", "WEISSE STRASSE", "weiße straße"] {
        let found = find(&*index, text).await?;
        ensure!(found == ["3"], "{text:?} finds {found:?}");
    }
    Ok(())
}

pub(super) async fn codes_are_found_whole_and_by_a_part(indexes: &dyn Indexes) -> Checked {
    let index = indexes.empty();
    let with = |id: &str, codes: &[&str]| Entry {
        codes: codes.iter().map(|code| (*code).to_owned()).collect(),
        ..entry(id, "Something")
    };
    index
        .put(vec![
            with("1", &["TEA-100-S", "4006381333931"]),
            with("2", &["TEA-1000"]),
            with("3", &["MUG-7"]),
        ])
        .await?;
    for (text, expected) in [
        ("TEA-100-S", "1"),
        ("tea100s", "1"),
        ("tea 100 s", "1"),
        ("TEA-1000", "2"),
        ("4006381333931", "1"),
        ("381333", "1"),
        ("-1000", "2"),
        ("mug-7", "3"),
    ] {
        let found = find(&*index, text).await?;
        ensure!(found.first().is_some_and(|first| first == expected), "{text:?} finds {found:?}");
    }
    Ok(())
}

pub(super) async fn suggestions_are_limited_to_the_statuses(indexes: &dyn Indexes) -> Checked {
    let index = indexes.empty();
    let of = |id: &str, status: &str, category: &str| Entry {
        status: status.to_owned(),
        categories: vec![Category { id: category.to_lowercase(), name: category.to_owned() }],
        ..entry(id, "Green tea")
    };
    index.put(vec![of("1", "PUBLISHED", "Teas"), of("2", "DRAFT", "Teapots")]).await?;
    let found = index.suggest("te", &["PUBLISHED".to_owned()], 5).await?;
    ensure!(found.entries == ["1"], "{found:?}");
    let categories: Vec<_> = found.categories.iter().map(|one| (one.id.as_str(), one.count)).collect();
    ensure!(categories == [("teas", 1)], "{found:?}");
    let none = index.suggest("te", &[], 5).await?;
    ensure!(none.entries.is_empty() && none.categories.is_empty(), "{none:?}");
    Ok(())
}
