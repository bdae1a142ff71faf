//! An HTTP client of the shop.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use reqwest::{Client, StatusCode};
use serde_json::Value;

use super::{DemoArgs, graphql};

const PATIENCE: Duration = Duration::from_secs(20);

/// Both addresses of a shop.
#[derive(Clone)]
pub(super) struct Http {
    client: Client,
    /// For commands and queries of shoppers.
    public: [String; 2],
    /// For commands and queries of the back office.
    staff: [String; 2],
}

#[derive(Clone, Copy)]
pub(super) enum Door {
    Public,
    Staff,
}

impl Http {
    pub(super) fn new(args: &DemoArgs) -> Result<Self> {
        let client = Client::builder().timeout(PATIENCE).build().context("no HTTP client")?;
        let both = |commands: &str, queries: &Option<String>| {
            [commands, queries.as_deref().unwrap_or(commands)].map(|url| url.trim_end_matches('/').to_owned())
        };
        let public = both(&args.url, &args.query_url);
        Ok(Self { client, public, staff: both(&args.staff_url, &args.staff_query_url) })
    }

    /// Sends a query to a GraphQL endpoint; errors in the response are errors.
    pub(super) async fn ask(&self, door: Door, query: &str, variables: Value) -> Result<Value> {
        let url = match door {
            Door::Public => format!("{}/graphql", self.public[1]),
            Door::Staff => format!("{}/admin/graphql", self.staff[1]),
        };
        let response = self.client.post(&url).json(&graphql(query, variables)).send().await?;
        if response.status() == StatusCode::NOT_FOUND {
            bail!("no query API answers at {url}; pass its address with --query-url or --staff-query-url");
        }
        let mut answer: Value = response.json().await?;
        if let Some(errors) = answer.get("errors") {
            bail!("the query was refused: {errors}");
        }
        Ok(answer["data"].take())
    }

    /// Sends a command. Returns status and body, even if it is refused.
    pub(super) async fn command(
        &self,
        door: Door,
        path: &str,
        key: &str,
        guest_token: Option<&str>,
        body: &Value,
    ) -> Result<(StatusCode, Value)> {
        let [commands, _] = match door {
            Door::Public => &self.public,
            Door::Staff => &self.staff,
        };
        let url = format!("{commands}{path}");
        let mut request = self.client.post(url).header("Idempotency-Key", key).json(body);
        if let Some(token) = guest_token {
            request = request.header("X-Guest-Token", token);
        }
        let response = request.send().await?;
        let status = response.status();
        Ok((status, response.json().await.unwrap_or(Value::Null)))
    }
}
