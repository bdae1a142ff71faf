//! The outcome of a command.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::Extensions;
use event_log::request::Verdict;
use http_server::{Audience, Caller};
use schemas::{CommandId, Context};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::AppState;
use super::problem::{FieldProblem, Problem};
use crate::accepted::in_words_of_inputs;
use crate::commands::token;

/// The outcome of a command, from the idempotency ledger.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct CommandStatus {
    /// The command's id.
    command_id: String,
    /// Whether it was accepted.
    outcome: CommandOutcome,
    /// Time of the first response, RFC 3339 in UTC.
    #[schema(format = DateTime)]
    answered_at: String,
    /// Consistency token, if it was accepted: `stream@version`, several separated by commas. A query that presents it sees
    /// at least these versions.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
    /// Further fields of the response, if it was accepted and had any: an order's number and totals, for example.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    answer: Option<Value>,
    /// Reason, if it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<CommandRefusal>,
    /// Version of the stream when the command arrived, if it was not the one in If-Match.
    #[serde(skip_serializing_if = "Option::is_none")]
    current_version: Option<u64>,
}

/// Whether a command was accepted.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum CommandOutcome {
    /// Accepted and recorded.
    Accepted,
    /// Refused by a rule.
    Refused,
    /// The stream was not at the version in If-Match.
    Conflict,
}

/// Why a command was refused.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct CommandRefusal {
    /// Reason, as a code for programs.
    code: String,
    /// Reason, as a sentence for people.
    message: String,
    /// Every field that is wrong.
    user_errors: Vec<FieldProblem>,
}

pub(super) async fn command_status(
    State(state): State<Arc<AppState>>,
    Path(id): Path<String>,
    extensions: Extensions,
) -> Result<Json<CommandStatus>, Problem> {
    let unknown = || Problem::not_found("command");
    let command: CommandId = id.parse().map_err(|_| unknown())?;
    let (context, entry, verdict) = state.commands.command_status(command).await?.ok_or_else(unknown)?;
    // Commands of the public are about orders; the public does not see those of other contexts.
    if Caller::of(&extensions).audience() == Audience::Public && context != Context::Ordering {
        return Err(unknown());
    }
    let mut status = CommandStatus {
        command_id: command.to_string(),
        outcome: CommandOutcome::Accepted,
        answered_at: entry.at.to_string(),
        token: None,
        answer: None,
        refusal: None,
        current_version: None,
    };
    match verdict {
        Verdict::Done { versions, answer, .. } => {
            status.token = Some(token(&versions));
            status.answer = answer;
        }
        Verdict::Refused { refusal } => {
            let refusal = in_words_of_inputs(refusal);
            let user_errors = refusal.errors.into_iter().map(Into::into).collect();
            status.outcome = CommandOutcome::Refused;
            status.refusal =
                Some(CommandRefusal { code: refusal.code, message: refusal.message, user_errors });
        }
        Verdict::Conflict { version, .. } => {
            status.outcome = CommandOutcome::Conflict;
            status.current_version = Some(version);
        }
    }
    Ok(Json(status))
}
