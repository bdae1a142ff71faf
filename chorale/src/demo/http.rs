//! The shop as seen from outside.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use reqwest::{Client, StatusCode};
use serde_json::Value;

use super::graphql;

const PATIENCE: Duration = Duration::from_secs(20);

/// Both addresses of a shop.
#[derive(Clone)]
pub(super) struct Http {
    client: Client,
    public: String,
    staff: String,
}

/// Which of them.
#[derive(Clone, Copy)]
pub(super) enum Door {
    Public,
    Staff,
}

impl Http {
    pub fn new(public: &str, staff: &str) -> Result<Self> {
        let client = Client::builder().timeout(PATIENCE).build().context("no HTTP client")?;
        let trim = |url: &str| url.trim_end_matches('/').to_owned();
        Ok(Self { client, public: trim(public), staff: trim(staff) })
    }

    fn url(&self, door: Door, path: &str) -> String {
        match door {
            Door::Public => format!("{}{path}", self.public),
            Door::Staff => format!("{}{path}", self.staff),
        }
    }

    /// Asks a GraphQL endpoint; errors in the answer are errors.
    pub async fn ask(&self, door: Door, query: &str, variables: Value) -> Result<Value> {
        let path = match door {
            Door::Public => "/graphql",
            Door::Staff => "/admin/graphql",
        };
        let response = self.client.post(self.url(door, path)).json(&graphql(query, variables)).send().await?;
        let mut answer: Value = response.json().await?;
        if let Some(errors) = answer.get("errors") {
            bail!("the query was refused: {errors}");
        }
        Ok(answer["data"].take())
    }

    /// Sends a command: status and answer, also when it is refused.
    pub async fn command(
        &self,
        door: Door,
        path: &str,
        key: &str,
        guest_token: Option<&str>,
        body: &Value,
    ) -> Result<(StatusCode, Value)> {
        let mut request = self.client.post(self.url(door, path)).header("Idempotency-Key", key).json(body);
        if let Some(token) = guest_token {
            request = request.header("X-Guest-Token", token);
        }
        let response = request.send().await?;
        let status = response.status();
        Ok((status, response.json().await.unwrap_or(Value::Null)))
    }
}
