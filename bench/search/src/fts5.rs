//! FTS5 of SQLite, in memory. FTS5 itself knows no typing errors and no facets: words are corrected with a trigram index over
//! its vocabulary, and facets are counted with SQL.

use std::str::FromStr;

use anyhow::Result;
use platform::text::folded;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions};
use sqlx::{AssertSqlSafe, Row};

use crate::catalogue::Product;
use crate::engine::{Answered, Engine};

pub struct Fts5(SqlitePool);

const FACETS: [&str; 8] = ["category", "brand", "band", "available", "colour", "origin", "size", "organic"];

impl Fts5 {
    pub async fn build(products: &[Product]) -> Result<Self> {
        let options = SqliteConnectOptions::from_str("sqlite::memory:")?.pragma("cache_size", "-200000");
        let pool =
            SqlitePoolOptions::new().max_connections(1).idle_timeout(None).connect_with(options).await?;
        for statement in [
            "CREATE VIRTUAL TABLE words USING fts5(title, rest, content='', columnsize=1, tokenize='porter unicode61 remove_diacritics 2')",
            "CREATE TABLE products (number INTEGER PRIMARY KEY, id TEXT, category TEXT, brand TEXT, band INTEGER, available TEXT, \
             colour TEXT, origin TEXT, size TEXT, organic TEXT)",
            "CREATE TEMP TABLE found (number INTEGER PRIMARY KEY)",
        ] {
            sqlx::raw_sql(statement).execute(&pool).await?;
        }
        for (chunk, products) in products.chunks(1_000).enumerate() {
            let mut transaction = pool.begin().await?;
            for (number, Product { entry, .. }) in products.iter().enumerate() {
                let number = i64::try_from(chunk * 1_000 + number)?;
                let names = entry.categories.iter().map(|category| category.name.as_str());
                let values = entry.attributes.iter().map(|(_, value)| value.as_str());
                let rest: Vec<&str> = names
                    .chain(values)
                    .chain(entry.codes.iter().map(String::as_str))
                    .chain([entry.brand.as_deref().unwrap_or_default(), entry.description.as_str()])
                    .collect();
                sqlx::query("INSERT INTO words (rowid, title, rest) VALUES (?, ?, ?)")
                    .bind(number)
                    .bind(folded(&entry.title))
                    .bind(folded(&rest.join(" ")))
                    .execute(&mut *transaction)
                    .await?;
                let value = |name: &str| {
                    entry.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
                };
                sqlx::query("INSERT INTO products VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
                    .bind(number)
                    .bind(&entry.id)
                    .bind(entry.categories.first().map(|category| category.id.clone()))
                    .bind(&entry.brand)
                    .bind(entry.price.unwrap_or(0) / 1_000)
                    .bind(entry.available.to_string())
                    .bind(value("colour"))
                    .bind(value("origin"))
                    .bind(value("size"))
                    .bind(value("organic"))
                    .execute(&mut *transaction)
                    .await?;
            }
            transaction.commit().await?;
        }
        for statement in [
            "CREATE VIRTUAL TABLE vocabulary USING fts5vocab(words, 'row')",
            "CREATE TABLE spellings (word TEXT PRIMARY KEY, products INTEGER)",
            "INSERT INTO spellings SELECT term, doc FROM vocabulary WHERE length(term) BETWEEN 4 AND 32 AND term NOT GLOB '*[0-9]*'",
            "CREATE VIRTUAL TABLE trigrams USING fts5(word, tokenize='trigram', detail=none)",
            "INSERT INTO trigrams (rowid, word) SELECT rowid, word FROM spellings",
        ] {
            sqlx::raw_sql(statement).execute(&pool).await?;
        }
        Ok(Self(pool))
    }

    /// The words of a text as an expression of FTS5; unknown ones with what they may mean.
    async fn expression(&self, text: &str, typos: bool) -> Result<String> {
        let mut all = Vec::new();
        let folded = folded(text);
        for word in folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
            let known: i64 =
                sqlx::query_scalar("SELECT count(*) FROM (SELECT 1 FROM words WHERE words MATCH ? LIMIT 1)")
                    .bind(format!("\"{word}\""))
                    .fetch_one(&self.0)
                    .await?;
            let mut any = vec![format!("\"{word}\"")];
            if typos && known == 0 {
                any.extend(self.near(word).await?.into_iter().map(|near| format!("\"{near}\"")));
            }
            all.push(format!("({})", any.join(" OR ")));
        }
        Ok(all.join(" AND "))
    }

    /// Words with common trigrams, the nearest of them by edit distance.
    async fn near(&self, word: &str) -> Result<Vec<String>> {
        let letters: Vec<char> = word.chars().collect();
        let grams: Vec<String> =
            letters.windows(3).map(|gram| format!("\"{}\"", gram.iter().collect::<String>())).collect();
        if grams.is_empty() {
            return Ok(Vec::new());
        }
        let most = if letters.len() < 8 { 1 } else { 2 };
        let candidates: Vec<String> =
            sqlx::query_scalar("SELECT word FROM trigrams WHERE trigrams MATCH ? LIMIT 5000")
                .bind(grams.join(" OR "))
                .fetch_all(&self.0)
                .await?;
        let mut near: Vec<(usize, String)> = candidates
            .into_iter()
            .map(|candidate| (distance(&letters, &candidate.chars().collect::<Vec<_>>()), candidate))
            .filter(|(distance, _)| *distance <= most)
            .collect();
        near.sort();
        Ok(near.into_iter().take(10).map(|(_, word)| word).collect())
    }

    async fn find(&self, text: &str, full: bool) -> Result<(Vec<String>, usize)> {
        let expression = self.expression(text, full).await?;
        let ids = sqlx::query(
            "SELECT id FROM words JOIN products ON number = words.rowid WHERE words MATCH ? ORDER BY bm25(words, 2.0, 1.0) LIMIT 20",
        )
        .bind(&expression)
        .fetch_all(&self.0)
        .await?;
        let mut facets = 0;
        if full {
            sqlx::raw_sql("DELETE FROM found").execute(&self.0).await?;
            sqlx::query("INSERT INTO found SELECT rowid FROM words WHERE words MATCH ?")
                .bind(&expression)
                .execute(&self.0)
                .await?;
            for facet in FACETS {
                let count = format!(
                    "SELECT {facet}, count(*) FROM found JOIN products USING (number) GROUP BY 1 ORDER BY 2 DESC LIMIT 100"
                );
                sqlx::query(AssertSqlSafe(count)).fetch_all(&self.0).await?;
                facets += 1;
            }
        }
        Ok((ids.iter().map(|row| row.get::<String, _>(0)).collect(), facets))
    }
}

/// Optimal string alignment.
fn distance(one: &[char], other: &[char]) -> usize {
    let mut rows: Vec<Vec<usize>> = vec![(0..=other.len()).collect()];
    for (i, c) in one.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, d) in other.iter().enumerate() {
            let mut best = (row[j] + 1).min(rows[i][j + 1] + 1).min(rows[i][j] + usize::from(c != d));
            if i > 0 && j > 0 && *c == other[j - 1] && one[i - 1] == *d {
                best = best.min(rows[i - 1][j - 1] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[one.len()][other.len()]
}

impl Engine for Fts5 {
    fn plain<'e>(&'e self, text: &'e str) -> Answered<'e, Vec<String>> {
        Box::pin(async move { Ok(self.find(text, false).await?.0) })
    }

    fn full<'e>(&'e self, text: &'e str) -> Answered<'e, (Vec<String>, usize)> {
        Box::pin(self.find(text, true))
    }
}
