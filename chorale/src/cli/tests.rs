//! Help texts and the page of commands.

use clap::{Command as Described, CommandFactory};
use search::Language;

use super::*;

/// Calls `look` with every command and the words that lead to it.
fn each(command: &Described, path: &str, look: &mut impl FnMut(&str, &Described)) {
    look(path, command);
    for inner in command.get_subcommands() {
        each(inner, &format!("{path} {}", inner.get_name()), look);
    }
}

fn says_little(text: Option<&clap::builder::StyledStr>) -> bool {
    text.is_none_or(|text| text.to_string().split_whitespace().count() <= 3)
}

#[test]
fn every_command_and_argument_has_a_help_text_of_more_than_three_words() {
    let mut poor = Vec::new();
    each(&Cli::command(), "chorale", &mut |path, command| {
        if says_little(command.get_about()) {
            poor.push(path.to_owned());
        }
        let arguments = command.get_arguments().filter(|argument| says_little(argument.get_help()));
        poor.extend(arguments.map(|argument| format!("{path} {}", argument.get_id())));
    });
    assert!(poor.is_empty(), "{poor:?}");
}

#[test]
fn a_file_of_synonyms_that_is_missing_or_malformed_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("synonyms.txt");
    let options = |file: &std::path::Path| {
        let file = file.to_str().unwrap();
        Cli::parse_from(["chorale", "--search-languages", "de", "--search-synonyms", file]).search
    };
    let missing = format!("{:#}", options(&file).settings().unwrap_err());
    assert!(missing.contains("synonyms.txt"), "{missing}");
    std::fs::write(&file, "sofa, couch\nalone\n").unwrap();
    let malformed = format!("{:#}", options(&file).settings().unwrap_err());
    assert!(malformed.contains("synonyms.txt") && malformed.contains("line 2"), "{malformed}");
    std::fs::write(&file, "sofa, couch\n").unwrap();
    assert_eq!(options(&file).settings().unwrap().languages, [Language::German]);
}

#[test]
fn a_manifest_of_persisted_queries_that_is_missing_or_malformed_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("manifest.json");
    let options = || {
        let file = file.to_str().unwrap();
        Cli::parse_from(["chorale", "--persisted-query-manifest", file, "--only-persisted-queries"])
            .queries
            .options()
    };
    let missing = format!("{:#}", options().unwrap_err());
    assert!(missing.contains("manifest.json"), "{missing}");
    std::fs::write(&file, r#"{ "tea": "{" }"#).unwrap();
    let malformed = format!("{:#}", options().unwrap_err());
    assert!(malformed.contains("manifest.json") && malformed.contains("\"tea\""), "{malformed}");
    std::fs::write(&file, r#"{ "tea": "{ __typename }" }"#).unwrap();
    let persisted = options().unwrap().persisted;
    assert!(persisted.manifest.len() == 1 && persisted.only_manifest && persisted.automatic.is_some());
    assert!(Cli::try_parse_from(["chorale", "--only-persisted-queries"]).is_err(), "it would run nothing");
}

#[test]
fn the_processes_of_up_get_the_options_of_the_query_api() {
    let given = [
        "chorale",
        "--persisted-query-manifest=m.json",
        "--only-persisted-queries",
        "--no-automatic-persisted-queries",
        "--catalog-max-age=0",
        "--answer-cache=0",
        "--document-cache=1",
    ];
    for given in [&given[..], &given[..1]] {
        let options = Cli::parse_from(given).queries;
        let passed_on = std::iter::once("chorale".into()).chain(options.arguments());
        assert_eq!(format!("{:?}", Cli::parse_from(passed_on).queries), format!("{options:?}"));
    }
}

#[test]
fn every_command_that_does_something_shows_an_example() {
    let mut without = Vec::new();
    each(&Cli::command(), "chorale", &mut |path, command| {
        let example = command.get_after_help().is_some_and(|help| help.to_string().contains(" chorale"));
        if !example && !command.is_subcommand_required_set() {
            without.push(path.to_owned());
        }
    });
    assert!(without.is_empty(), "{without:?}");
}

#[test]
fn the_page_of_commands_names_every_command() {
    let page = std::fs::read_to_string("../docs/cli.md").unwrap();
    let mut missing = Vec::new();
    each(&Cli::command(), "chorale", &mut |path, command| {
        let short = path.trim_start_matches("chorale ");
        let named = page.contains(&format!("`{path}")) || page.contains(&format!("`{short}`"));
        if !named && !command.is_subcommand_required_set() {
            missing.push(path.to_owned());
        }
    });
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn the_image_and_its_services_use_variables_and_commands_that_exist() {
    let (mut variables, mut commands) = (Vec::new(), Vec::new());
    each(&Cli::command(), "chorale", &mut |path, command| {
        commands.extend(path.strip_prefix("chorale ").map(str::to_owned));
        let named = command.get_arguments().filter_map(|argument| argument.get_env()?.to_str());
        variables.extend(named.map(str::to_owned));
    });
    let (mut set, mut run) = (0, 0);
    for file in ["../Dockerfile", "../docker-compose.yml"] {
        let text = std::fs::read_to_string(file).unwrap();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let line = line.trim().trim_start_matches("ENV ");
            if let Some((name, _)) = line.split_once([':', '=']).filter(|_| line.starts_with("CHORALE_")) {
                set += 1;
                assert!(variables.iter().any(|known| known == name), "{file} sets {name}");
            }
            let command = line.strip_prefix("command: [").and_then(|rest| rest.strip_suffix(']'));
            if let Some(command) = command.filter(|command| !command.contains(',')) {
                run += 1;
                assert!(commands.iter().any(|known| known == command), "{file} runs {command}");
            }
        }
    }
    assert!(set >= 9 && run >= 6, "{set} variables, {run} commands");
}

#[test]
fn an_order_is_traced_by_its_number_also_under_the_former_name() {
    for name in ["trace", "story"] {
        let cli = Cli::try_parse_from(["chorale", name, "10-000042"]).unwrap();
        assert!(matches!(cli.command, Some(Command::Trace { order, json: false }) if order == "10-000042"));
    }
}

#[test]
fn numbers_beyond_their_range_are_refused_and_never_overflow() {
    let refused = |args: &[&str]| {
        let error = Cli::try_parse_from(args).unwrap_err();
        assert_eq!(error.kind(), clap::error::ErrorKind::ValueValidation, "{error}");
    };
    for most in ["31536001", "18446744073709551615", "18446744073709551616"] {
        refused(&["chorale", "demo", "--seconds", most]);
        refused(&["chorale", "demo", "--shoppers", most]);
        refused(&["chorale", "projections", "wait", "orders", "--timeout", most]);
    }
}
