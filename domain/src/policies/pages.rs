//! The pages of docs/ about the choreography and the order's life cycle.

use std::collections::BTreeMap;

use schemas::life_cycle::{HoldReason, OrderStatus, TRANSITIONS, WayOut};

use super::{DEADLINES, POLICIES, Part, Policy, REACTORS};
use schemas::Context;

/// All policies and deadlines, as a page of Markdown.
pub fn policies_markdown() -> String {
    let mut page = String::from(
        "# The score\n\nWhich reactor answers which events, and with what. Generated from `domain/src/policies.rs`; do not edit.\n\n\
         ## The happy path\n\n",
    );
    page.push_str(&policies(Part::HappyPath));
    page.push_str("\n## Compensation\n\n");
    page.push_str(&policies(Part::Compensation));
    page.push_str("\n## Deadlines\n\n| deadline | waits for | when it passes |\n|---|---|---|\n");
    for deadline in DEADLINES {
        page.push_str(&format!("| `{}` | {} | {} |\n", deadline.kind, deadline.waits_for, deadline.then));
    }
    page.push_str("\n## What commands wait for\n\n");
    page.push_str(
        "Commands depend on what their context has learnt from other contexts. A command with a consistency token waits until these \
         reactors of its context have handled the versions that the token names.\n\n",
    );
    page.push_str(&dependencies());
    page
}

fn dependencies() -> String {
    let mut table = String::from("| commands of | wait for | which handles streams of |\n|---|---|---|\n");
    for context in Context::ALL {
        for reactor in REACTORS.iter().filter(|reactor| reactor.context == context) {
            let topics = reactor.topics();
            let foreign: Vec<_> = topics
                .iter()
                .filter(|topic| topic.context() != context)
                .map(|topic| format!("`{}`", topic.prefix()))
                .collect();
            if !foreign.is_empty() {
                table.push_str(&format!("| {context} | `{}` | {} |\n", reactor.name, foreign.join(", ")));
            }
        }
    }
    table
}

fn policies(part: Part) -> String {
    let mut table = String::from("| event | of | reactor | what it does |\n|---|---|---|---|\n");
    for Policy { reactor, topic, hears, answer, .. } in POLICIES.iter().filter(|policy| policy.part == part) {
        let (hears, of) = (hears.join(", "), topic.aggregate());
        table.push_str(&format!("| {hears} | {of} | `{reactor}` | {answer} |\n"));
    }
    table
}

/// The life of an order, as a page of Markdown with a Mermaid diagram.
pub fn life_cycle_markdown() -> String {
    let mut page = String::from(
        "# The life of an order\n\nGenerated from `schemas/src/life_cycle.rs`; do not edit.\n\n```mermaid\n",
    );
    page.push_str(&diagram());
    page.push_str("```\n\n## Transitions\n\nNo other transition is possible.\n\n");
    page.push_str("| status | event | leads to |\n|---|---|---|\n");
    for row in TRANSITIONS {
        let to: Vec<_> = row.to.iter().map(|status| status.name()).collect();
        page.push_str(&format!("| {} | {} | {} |\n", row.from, row.step, to.join(" or ")));
    }
    page.push_str("\n## Holds\n\n| reason | resolutions | parcels may leave |\n|---|---|---|\n");
    for reason in HoldReason::ALL {
        let ways: Vec<_> = reason.ways_out().iter().copied().map(WayOut::name).collect();
        let leave = if reason.blocks_dispatch() { "no" } else { "yes" };
        page.push_str(&format!("| {reason} | {} | {leave} |\n", ways.join(", ")));
    }
    page
}

/// Only the events that change the status. The table lists the others, too.
fn diagram() -> String {
    let mut moves: BTreeMap<(OrderStatus, OrderStatus), Vec<&str>> = BTreeMap::new();
    for row in TRANSITIONS {
        for to in row.to.iter().filter(|to| **to != row.from) {
            moves.entry((row.from, *to)).or_default().push(row.step.name());
        }
    }
    let mut diagram = String::from("stateDiagram-v2\n    [*] --> PLACED: OrderPlaced\n");
    for ((from, to), steps) in moves {
        diagram.push_str(&format!("    {from} --> {to}: {}\n", steps.join(", ")));
    }
    for last in OrderStatus::ALL.iter().filter(|status| status.is_terminal()) {
        diagram.push_str(&format!("    {last} --> [*]\n"));
    }
    diagram
}
