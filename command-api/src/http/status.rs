//! What became of a command.

use axum::Json;
use axum::extract::{Path, State};
use event_log::request::Verdict;
use schemas::{CommandId, Context};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::problem::{FieldProblem, Problem};
use super::{Door, Side};
use crate::accepted::in_words_of_inputs;
use crate::commands::token;

/// What became of a command, as the ledger tells it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct CommandStatus {
    /// The command.
    command_id: String,
    /// What became of it.
    outcome: CommandOutcome,
    /// When it was answered.
    #[schema(format = DateTime)]
    answered_at: String,
    /// `stream@version`, several joined by commas: a query that presents it sees at least this.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
    /// What else there was to say.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    answer: Option<Value>,
    /// Why it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<CommandRefusal>,
    /// The version that the stream had, where another was insisted on.
    #[serde(skip_serializing_if = "Option::is_none")]
    current_version: Option<u64>,
}

/// What became of a command.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum CommandOutcome {
    /// It was carried out.
    Accepted,
    /// The rules said no.
    Refused,
    /// Another version was insisted on.
    Conflict,
}

/// Why a command was refused.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct CommandRefusal {
    /// For programs.
    code: String,
    /// For people.
    message: String,
    /// Everything that was wrong.
    user_errors: Vec<FieldProblem>,
}

pub(super) async fn command_status(
    State(door): State<Door>,
    Path(id): Path<String>,
) -> Result<Json<CommandStatus>, Problem> {
    let unknown = || Problem::not_found("command");
    let command: CommandId = id.parse().map_err(|_| unknown())?;
    let (context, entry, verdict) = door.0.commands.what_became_of(command).await?.ok_or_else(unknown)?;
    // Shoppers' commands are about orders; the others are nobody's business but the shop's.
    if door.0.side == Side::Public && context != Context::Ordering {
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
