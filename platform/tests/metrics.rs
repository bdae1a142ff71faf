//! The page of docs/ that lists all metrics says what the program serves.

use std::fmt::Write as _;
use std::fs;

use platform::telemetry::metrics::list;

const PAGE: &str = "../docs/metrics.md";
const AGAIN: &str = "UPDATE_CONTRACTS=1 cargo test -p platform --test metrics";

fn page() -> String {
    let mut page = format!(
        "<!-- Generated from the code; do not edit. {AGAIN} rewrites it. -->\n\n# Metrics\n\n\
         Every role serves these at `/metrics`, in the [OpenMetrics](https://prometheus.io/docs/specs/om/open_metrics_spec/) text format: processes with an API \
         at the back office's address, every process at `--metrics-listen`. A series appears with its first value, and disappears while its value is not known. How to scrape and trace a shop: \
         [operating](operating.md#metrics-and-traces).\n\n\
         | metric | type | unit | labels | meaning |\n|---|---|---|---|---|\n"
    );
    for one in list() {
        let labels: Vec<String> = one.labels.iter().map(|label| format!("`{label}`")).collect();
        writeln!(
            page,
            "| `{}` | {} | {} | {} | {} |",
            one.name,
            one.kind,
            one.unit.unwrap_or("–"),
            if labels.is_empty() { "–".to_owned() } else { labels.join(", ") },
            one.meaning.replace('|', "\\|"),
        )
        .unwrap();
    }
    page
}

#[test]
fn the_page_of_all_metrics_lists_what_the_program_serves() {
    if std::env::var_os("UPDATE_CONTRACTS").is_some() {
        fs::write(PAGE, page()).unwrap();
    }
    let checked_in = fs::read_to_string(PAGE).unwrap_or_default();
    assert!(checked_in == page(), "docs/metrics.md is out of date. {AGAIN} rewrites it");
}
