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
use super::answers::Answer;
use super::problem::{FieldProblem, Problem};
use crate::commands::token;
use crate::words;

/// The recorded outcome of a command.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct CommandStatus {
    /// Id of the command, a UUID.
    command_id: String,
    /// Whether the command was carried out.
    outcome: CommandOutcome,
    /// Time when the command was first answered.
    #[schema(format = DateTime)]
    answered_at: String,
    /// Consistency token, `stream@version`, several separated by commas. Present only if the command was
    /// accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    token: Option<String>,
    /// Further fields of the first answer. Absent if there were none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Answer>, nullable = false)]
    answer: Option<Value>,
    /// The refusal. Present only if the outcome is REFUSED.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    refusal: Option<CommandRefusal>,
    /// Version of the object at that time. Present only if the outcome is CONFLICT.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    current_version: Option<u64>,
}

/// Outcome of a command.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum CommandOutcome {
    /// The command was carried out.
    Accepted,
    /// A business rule refused the command.
    Refused,
    /// The object did not have the version that If-Match expected.
    Conflict,
}

/// The refusal of a command by a business rule.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct CommandRefusal {
    /// Error code for programs; stable.
    code: String,
    /// Reason for the refusal, in a sentence.
    message: String,
    /// All invalid fields of the command. Empty if the refusal does not concern fields.
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
            status.answer = answer.map(words::value);
        }
        Verdict::Refused { refusal } => {
            let refusal = words::refusal(refusal);
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
