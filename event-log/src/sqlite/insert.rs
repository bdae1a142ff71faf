//! Inserts many rows with few statements, because every statement costs two thread switches.

use sqlx::query_builder::Separated;
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};

/// Rows per statement. There are few different texts, so that each stays prepared.
const STEPS: [usize; 5] = [256, 64, 16, 4, 1];

/// Binds the values of a row.
pub(super) type Values<'a, 'b> = &'a mut Separated<'b, Sqlite, &'static str>;

/// Inserts `rows`. `head` is the statement before VALUES, `tail` the part after the rows.
pub(super) async fn insert<T>(
    connection: &mut SqliteConnection,
    head: &str,
    tail: &str,
    rows: &[T],
    bind: impl Fn(Values<'_, '_>, &T),
) -> Result<(), sqlx::Error> {
    let mut rest = rows;
    while let Some(step) = STEPS.into_iter().find(|step| *step <= rest.len()) {
        let (now, later) = rest.split_at(step);
        let mut statement = values(head, tail, now, &bind);
        statement.build().execute(&mut *connection).await?;
        rest = later;
    }
    Ok(())
}

fn values<T>(head: &str, tail: &str, rows: &[T], bind: impl Fn(Values<'_, '_>, &T)) -> QueryBuilder<Sqlite> {
    let mut statement = QueryBuilder::new(head);
    statement.push(" VALUES ");
    for (number, row) in rows.iter().enumerate() {
        statement.push(if number == 0 { "(" } else { ", (" });
        bind(&mut statement.separated(", "), row);
        statement.push(")");
    }
    statement.push(tail);
    statement
}
