//! The dependencies between crates that ARCHITECTURE.md allows, and the files that belong to them.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result};
use cargo_metadata::{Dependency, DependencyKind, Metadata, MetadataCommand, Package};

/// The allowed dependencies between crates of this workspace.
const EDGES: &[(&str, &[&str])] = &[
    ("decider", &[]),
    ("schemas", &["decider"]),
    ("domain", &["decider", "schemas"]),
    ("platform", &["schemas"]),
    ("bus-kafka", &["platform", "schemas"]),
    ("event-log", &["decider", "platform", "schemas"]),
    ("read-models", &["platform"]),
    ("search", &["platform"]),
    ("http-server", &["platform"]),
    ("command-api", &["domain", "event-log", "http-server", "platform", "schemas"]),
    ("reactors", &["domain", "event-log", "platform", "schemas"]),
    ("projectors", &["platform", "read-models", "schemas"]),
    ("query-api-macros", &[]),
    ("query-api", &["http-server", "platform", "query-api-macros", "read-models", "search"]),
];
/// Additional dependencies of a crate's tests.
const EDGES_OF_TESTS: &[(&str, &[&str])] = &[("reactors", &["bus-kafka"])];
/// Crates that connect everything and may depend on every crate.
const ALL: [&str; 3] = ["chorale", "import-complete-journey", "e2e"];
/// The crate on which only the wiring and tests may depend: the program can be built without it.
const OPTIONAL: &str = "bus-kafka";
/// Features for tests. The tests of every crate that may depend on the crate may enable them.
const FOR_TESTS: [&str; 2] = ["contract", "test-support"];
/// Crates that can make outgoing network calls, and where they may be used: in the program's demo and in adapters of
/// reactors.
const CLIENTS: [&str; 6] = ["reqwest", "hyper-util", "hyper", "ureq", "isahc", "curl"];
const MAY_CALL_OUT: [&str; 3] = ["chorale", "reactors", "e2e"];
/// Clients of stores on servers, and the crates that have them behind a feature.
const STORES: [(&str, &[&str]); 3] =
    [("mongodb", &["read-models"]), ("rdkafka", &["bus-kafka"]), ("redis", &["platform", "read-models"])];

fn workspace() -> Result<Metadata> {
    Ok(MetadataCommand::new().manifest_path("../Cargo.toml").no_deps().exec()?)
}

fn ours(package: &Package, among: &BTreeSet<String>, kinds: &[DependencyKind]) -> BTreeSet<String> {
    let known = package.dependencies.iter().filter(|dependency| kinds.contains(&dependency.kind));
    known.map(|dependency| dependency.name.to_string()).filter(|name| among.contains(name)).collect()
}

#[test]
fn crates_depend_only_on_the_crates_in_the_table_of_edges() -> Result<()> {
    let metadata = workspace()?;
    let packages: BTreeMap<String, &Package> = metadata
        .workspace_packages()
        .into_iter()
        .map(|package| (package.name.to_string(), package))
        .collect();
    let names: BTreeSet<String> = packages.keys().cloned().collect();
    let drawn: BTreeSet<String> = EDGES.iter().map(|(name, _)| *name).chain(ALL).map(str::to_owned).collect();
    assert_eq!(names, drawn, "a crate is missing in the table, or the table has a crate that does not exist");
    for (name, allowed) in EDGES {
        let allowed: BTreeSet<String> = allowed.iter().map(|name| (*name).to_owned()).collect();
        let package = packages.get(*name).context("the crate is in the table")?;
        let known = ours(package, &names, &[DependencyKind::Normal, DependencyKind::Build]);
        let wrong: Vec<_> = known.difference(&allowed).collect();
        assert!(wrong.is_empty(), "{name} must not know {wrong:?}");
        // Tests may also depend on their own crate with its features for tests.
        let mut tests = ours(package, &names, &[DependencyKind::Development]);
        tests.remove(*name);
        let of_tests = EDGES_OF_TESTS.iter().filter(|(crate_name, _)| crate_name == name);
        tests.retain(|known| !of_tests.clone().any(|(_, more)| more.contains(&known.as_str())));
        let wrong: Vec<_> = tests.difference(&allowed).collect();
        assert!(wrong.is_empty(), "the tests of {name} must not know {wrong:?}");
    }
    Ok(())
}

#[test]
fn the_default_program_has_no_client_of_a_server() -> Result<()> {
    let metadata = workspace()?;
    let packages = metadata.workspace_packages();
    let program = packages.iter().find(|package| package.name == "chorale").context("chorale")?;
    assert_eq!(program.features.get("default"), None, "`cargo run` builds the default features");
    let servers = program.features.get("servers").context("the feature `servers`")?;
    let needed = [
        "dep:bus-kafka",
        "event-log/postgres",
        "platform/postgres",
        "platform/redis",
        "read-models/mongodb",
        "read-models/redis",
    ];
    for needed in needed {
        assert!(servers.iter().any(|feature| feature == needed), "{needed}");
    }
    for package in packages.iter().filter(|package| !["e2e", OPTIONAL].contains(&package.name.as_str())) {
        for dependency in package.dependencies.iter().filter(|one| one.kind == DependencyKind::Normal) {
            let clients = ["mongodb", "postgres", "redis", "servers"];
            let on = dependency.features.iter().any(|feature| clients.contains(&feature.as_str()));
            assert!(!on, "{} enables clients of servers in {}", package.name, dependency.name);
            let kafka = ["rdkafka", OPTIONAL].contains(&dependency.name.as_str());
            assert!(
                !kafka || dependency.optional,
                "{} cannot be built without {}",
                package.name,
                dependency.name
            );
        }
    }
    Ok(())
}

#[test]
fn no_program_contains_code_for_tests() -> Result<()> {
    let metadata = workspace()?;
    for package in metadata.workspace_packages().into_iter().filter(|package| package.name != "e2e") {
        for dependency in &package.dependencies {
            let for_tests = dependency.features.iter().any(|feature| FOR_TESTS.contains(&feature.as_str()));
            let normal = dependency.kind != DependencyKind::Development;
            assert!(
                !(for_tests && normal),
                "{} builds {} with features for tests",
                package.name,
                dependency.name
            );
        }
    }
    Ok(())
}

/// Whether a crate that has a client and a server is used without its client.
fn is_server_only(dependency: &Dependency) -> bool {
    let features = &dependency.features;
    let has = |part: &str| features.iter().any(|feature| feature.starts_with(part));
    !dependency.uses_default_features && has("server") && !has("client") && !has("full")
}

#[test]
fn only_adapters_the_demonstration_and_the_health_check_make_outgoing_calls() -> Result<()> {
    let metadata = workspace()?;
    for package in metadata.workspace_packages() {
        let calls =
            package.dependencies.iter().filter(|dependency| dependency.kind == DependencyKind::Normal);
        let clients: Vec<_> = calls
            .filter(|dependency| CLIENTS.contains(&dependency.name.as_str()) && !is_server_only(dependency))
            .map(|dependency| &dependency.name)
            .collect();
        for (client, of) in STORES {
            let mut normal = package.dependencies.iter().filter(|one| one.kind == DependencyKind::Normal);
            let Some(dependency) = normal.find(|one| one.name == client) else { continue };
            assert!(of.contains(&package.name.as_str()), "{} has {client}", package.name);
            assert!(
                dependency.optional || package.name == OPTIONAL,
                "{} cannot be built without {client}",
                package.name
            );
        }
        assert!(
            clients.is_empty() || MAY_CALL_OUT.contains(&package.name.as_str()),
            "{} has {clients:?}",
            package.name
        );
    }
    for (folder, allowed) in [("chorale/src", ["demo", "health"].as_slice()), ("reactors/src", &["adapters"])]
    {
        let root = metadata.workspace_root.join(folder);
        for file in sources(root.as_std_path())? {
            let text = std::fs::read_to_string(&file)?;
            let inside = file.strip_prefix(&root)?.to_string_lossy();
            let inside = allowed.iter().any(|start| inside.starts_with(start));
            let calls =
                ["reqwest::", "TcpStream::connect", "UdpSocket::"].iter().any(|client| text.contains(client));
            assert!(inside || !calls, "{} makes outgoing network calls", file.display());
        }
    }
    Ok(())
}

fn sources(folder: &std::path::Path) -> Result<Vec<std::path::PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(sources(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    Ok(found)
}

/// The compiler ignores a file that no `mod` names, and the tests in it do not run.
#[test]
fn every_source_file_is_a_module() -> Result<()> {
    let metadata = workspace()?;
    let mut lost = Vec::new();
    for package in metadata.workspace_packages() {
        let root = package.manifest_path.parent().context("a manifest is in a folder")?.as_std_path();
        let (src, tests) = (root.join("src"), root.join("tests"));
        let mut files = Vec::new();
        for folder in [&src, &tests].into_iter().filter(|folder| folder.is_dir()) {
            files.extend(sources(folder)?);
        }
        for file in files {
            let folder = file.parent().context("a file is in a folder")?;
            let name = file.file_stem().and_then(|name| name.to_str()).context("a name")?;
            // Each file directly in `tests` is a crate of its own.
            if folder == tests || ["lib", "main"].contains(&name) {
                continue;
            }
            let parents = [folder.with_extension("rs"), folder.join("main.rs"), folder.join("lib.rs")];
            let declares = |parent: &std::path::PathBuf| {
                std::fs::read_to_string(parent).is_ok_and(|text| {
                    text.lines().any(|line| line.trim_end().ends_with(&format!("mod {name};")))
                })
            };
            if !parents.iter().any(declares) {
                lost.push(file);
            }
        }
    }
    assert!(lost.is_empty(), "no `mod` names these files: {lost:#?}");
    Ok(())
}
