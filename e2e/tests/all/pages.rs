//! The page of all events: the meaning, the deciding use case and the reactors of each.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use domain::policies::{DEADLINES, POLICIES};
use projectors::projections::REGISTRY;
use schemas::contracts::{published, schema, sentence};
use schemas::topics::AUDIT_TOPIC;
use schemas::{AggregateType, Context, EventType, Topic};

const PAGE: &str = "../docs/event-catalogue.md";
const AGAIN: &str = "UPDATE_CONTRACTS=1 cargo test -p e2e --test all pages";

#[test]
fn the_event_catalogue_equals_the_code() -> Result<()> {
    let page = page()?;
    if std::env::var_os("UPDATE_CONTRACTS").is_some() {
        fs::write(PAGE, &page).context(PAGE)?;
    }
    let checked_in = fs::read_to_string(PAGE).unwrap_or_default();
    ensure!(checked_in == page, "docs/event-catalogue.md is out of date. Regenerate it: {AGAIN}");
    Ok(())
}

#[test]
fn every_link_in_the_event_catalogue_has_a_target() -> Result<()> {
    let page = page()?;
    let targets: BTreeSet<&str> =
        page.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next()).collect();
    let lost: Vec<_> = targets.iter().filter(|target| !Path::new("../docs").join(target).exists()).collect();
    ensure!(lost.is_empty(), "{lost:?}");
    for target in [
        "../schemas/contracts/events/chorale.product.ProductCreated.v1.json",
        "../domain/src/product/creation.rs",
        "choreography.md",
    ] {
        ensure!(targets.contains(target), "the link to {target} was not found");
    }
    Ok(())
}

fn page() -> Result<String> {
    let mut page = format!(
        "<!-- Generated from the code; do not edit. Regenerate with {AGAIN}. -->\n\n# All events\n\n\
         All published event types. The sentence in italics is the summary that the golden sample gets. *Decided in* is the use case in \
         `domain/src/`; *answered by* are the reactors that handle the event, and what they do ([all reactors](choreography.md)). The same \
         for machines: [`asyncapi.json`](../schemas/contracts/asyncapi.json). Headers of the records: [auditing](auditing.md).\n"
    );
    for of_aggregate in AggregateType::ALL {
        aggregate(&mut page, &[of_aggregate.topic()])?;
    }
    aggregate(&mut page, &Context::ALL.map(Context::reactions))?;
    heads(&mut page)?;
    Ok(page)
}

/// A section: the events of one aggregate, which are published on these topics.
fn aggregate(page: &mut String, topics: &[Topic]) -> Result<()> {
    let first = topics.first().context("a topic")?;
    let names: Vec<_> = topics.iter().map(|topic| format!("`{topic}`")).collect();
    let contexts: Vec<_> = topics.iter().map(|topic| topic.context().name()).collect();
    let projections: Vec<_> = REGISTRY
        .iter()
        .filter(|projection| topics.iter().any(|topic| projection.topics().contains(topic)))
        .map(|projection| format!("`{}`", projection.name()))
        .collect();
    write!(
        page,
        "\n## {}\n\nTopic {}; source: the log of {}. Key: the stream's id, which starts with `{}`. Read models: {}.\n\n\
         | event | meaning | decided in | answered by |\n|---|---|---|---|\n",
        first.aggregate(),
        names.join(", "),
        contexts.join(", "),
        first.prefix(),
        projections.join(", "),
    )?;
    for event in published().into_iter().filter(|event| event.aggregate == first.aggregate()) {
        row(page, *first, &event)?;
    }
    Ok(())
}

fn row(page: &mut String, topic: Topic, event: &EventType) -> Result<()> {
    let name = event.full_name(event.version);
    let golden = PathBuf::from("../schemas/golden").join(format!("{name}.json"));
    let sample = fs::read_to_string(&golden).with_context(|| golden.display().to_string())?;
    let said = sentence(topic, event.name, event.version, &sample)?;
    let (decided, answered) = (decided_in(event)?, answered_by(topic, event.name));
    let (link, says) = (schema_link(event), description(event)?);
    writeln!(page, "| {link} | {says} *{}* | {decided} | {answered} |", cell(&said))?;
    Ok(())
}

fn heads(page: &mut String) -> Result<()> {
    write!(
        page,
        "\n## audit\n\nTopic `{AUDIT_TOPIC}`; written by the relay of each context; not part of any log. Key: the name of the context.\n\n\
         | event | meaning |\n|---|---|\n"
    )?;
    for event in published().into_iter().filter(|event| event.aggregate == "audit") {
        writeln!(page, "| {} | {} |", schema_link(&event), description(&event)?)?;
    }
    Ok(())
}

/// The event with its version, linked to its schema; older versions after it.
fn schema_link(event: &EventType) -> String {
    let link = |text: &str, version| {
        format!("[{text}](../schemas/contracts/events/{}.json)", event.full_name(version))
    };
    let mut links = vec![format!("{} v{}", link(event.name, event.version), event.version)];
    links.extend((1..event.version).rev().map(|version| link(&format!("v{version}"), version)));
    links.join(", ")
}

fn description(event: &EventType) -> Result<String> {
    let schema = schema(event);
    let text = schema["description"].as_str().with_context(|| format!("{} says nothing", event.name))?;
    Ok(cell(text))
}

/// As one line, without characters that would end the cell.
fn cell(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}

/// The file of the domain that creates the event, and the reactors whose policies name it as their answer.
fn decided_in(event: &EventType) -> Result<String> {
    let root = Path::new("../domain/src");
    let mut files = vec![root.join(event.aggregate).with_extension("rs")];
    let folder = root.join(event.aggregate);
    if folder.is_dir() {
        for entry in fs::read_dir(&folder)? {
            files.push(entry?.path());
        }
    }
    files.sort();
    let mut found = Vec::new();
    for file in files.iter().filter(|file| file.is_file() && !file.ends_with("tests.rs")) {
        if makes(&fs::read_to_string(file)?, event.name) {
            let inside = file.strip_prefix(root)?.display();
            found.push(format!("[`{inside}`](../domain/src/{inside})"));
        }
    }
    if found.is_empty() {
        bail!("nothing in domain/src/{} creates {}", event.aggregate, event.name);
    }
    let named = |answer: &str| answer.split(|c: char| !c.is_alphanumeric()).any(|word| word == event.name);
    let reactors = POLICIES.iter().filter(|policy| named(policy.answer)).map(|policy| policy.reactor);
    let clock = DEADLINES.iter().filter(|deadline| named(deadline.then)).map(|_| "the clock");
    let by: BTreeSet<_> = reactors.chain(clock).collect();
    let by = by.into_iter().map(|who| if who.contains(' ') { who.to_owned() } else { format!("`{who}`") });
    let by = by.collect::<Vec<_>>().join(", ");
    Ok(if by.is_empty() { found.join(", ") } else { format!("{}; by {by}", found.join(", ")) })
}

/// Whether the text creates a value of this name (`Name { … }`), as opposed to a type's own block or the end of a path.
fn makes(source: &str, name: &str) -> bool {
    source.match_indices(&format!("{name} {{")).any(|(at, _)| {
        let before = source[..at].chars().next_back();
        before.is_none_or(|c| !(c.is_alphanumeric() || c == '_' || c == ':'))
    })
}

fn answered_by(topic: Topic, name: &str) -> String {
    let rows = POLICIES.iter().filter(|policy| policy.topic == topic && policy.hears.contains(&name));
    rows.map(|policy| format!("`{}`: {}", policy.reactor, cell(policy.answer)))
        .collect::<Vec<_>>()
        .join("<br>")
}
