//! The report page in a real browser: it loads, its parts work, also with 100,000 records.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;
use shakedown::kernel::SimTime;
use shakedown::report::html::{PageLimits, Source, page};
use shakedown::report::{Collector, ContainerFact, Fact, Limits, MarkKind, Record, Recorded, RunInfo};

use crate::cli::{directory, run};
use crate::webdriver::{Browser, browser, keys};

/// The page of a shipped scenario.
fn node_failure() -> PathBuf {
    let dir = directory("browser");
    let args = [
        "run",
        "scenarios/node-failure",
        "--quiet",
        "--report",
        "--plots",
        "none",
        "--out",
        dir.to_str().unwrap(),
    ];
    assert!(run(&args).status.success());
    dir.join("report.html")
}

/// The text of every card of a node.
fn node_cards(browser: &Browser) -> Vec<String> {
    let script = "return [...document.querySelectorAll('#nodes .node')].map((it) => it.innerText)";
    let cards = browser.run(script);
    cards.as_array().unwrap().iter().map(|card| card.as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_page_of_a_run_works_in_a_browser() {
    let Some(browser) = browser(1400, 1000, &[]) else { return };
    browser.open(&node_failure());

    // The headline is there without a click.
    assert_eq!(browser.text("h1"), "node-failure");
    assert!(browser.text("#command").starts_with("shakedown run scenarios/node-failure --seed 42"));
    assert!(browser.text(".cards").contains("6m1s"), "{}", browser.text(".cards"));

    // The slider moves: it begins at the fault, when the machine is down, and ends with all nodes ready.
    assert_eq!(browser.text("#instant-text"), "2m21s");
    assert!(node_cards(&browser)[1].contains("machine down"), "{:?}", node_cards(&browser));
    browser.keys("#instant", "\u{e010}");
    assert_eq!(browser.text("#instant-text"), "15m");
    assert!(node_cards(&browser).iter().all(|card| card.contains("ready")), "{:?}", node_cards(&browser));
    browser.click("#earlier");
    assert_ne!(browser.text("#instant-text"), "15m");

    // The filters filter: pods by label and by text, records by words and by kind.
    assert_eq!(browser.text("#pods-count"), "8 of 8 pods");
    browser.keys("#pods-filter", "app=web worker-2");
    assert_eq!(browser.text("#pods-count"), "2 of 8 pods");
    browser.run("document.getElementById('pods-filter').value = ''; document.getElementById('pods-filter').dispatchEvent(new Event('input'))");
    browser.keys("#records-filter", "lost power");
    assert!(browser.text("#records-count").starts_with("3 of "), "{}", browser.text("#records-count"));

    // The cause chain opens: by a click on a row, and by keys in the timeline.
    browser.click("#records-body .row");
    let chain = browser.text("#why");
    assert!(
        chain.contains("the machine lost power") && chain.contains("fault: node worker-2 crashes"),
        "{chain}"
    );
    browser.keys("#timeline-canvas", &[keys::DOWN, keys::RIGHT, keys::RIGHT, keys::ENTER].concat());
    let chain = browser.text("#why");
    assert!(chain.contains("somebody") || chain.contains("created with kubectl"), "{chain}");
    // By a click on a bar: the middle of the timeline is a pod that is ready.
    browser.click_at("#timeline-canvas", 100, 0);
    assert!(browser.text("#why").contains("pod/default/web-"), "{}", browser.text("#why"));

    // Zoom, theme, charts.
    browser.click("#zoom-in");
    browser.click("#zoom-fit");
    browser.click("#theme");
    assert!(
        browser.run("return document.querySelectorAll('#charts path.line').length").as_u64().unwrap() > 5
    );
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

#[test]
fn the_page_fits_a_narrow_screen() {
    let Some(browser) = browser(500, 900, &["--force-prefers-color-scheme=dark"]) else { return };
    browser.open(&node_failure());
    let sideways =
        browser.run("return document.documentElement.scrollWidth - document.documentElement.clientWidth");
    assert_eq!(sideways, json!(0), "the page can be scrolled sideways");
    browser.click("#records-body .row:nth-child(12)");
    assert!(browser.text("#why").contains("Why, back to the root"));
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

/// 2,000 pods that restart ten times, with five records a restart: 100,000 records in chains of 50.
fn crowd() -> (Recorded, Vec<(String, u64)>) {
    let mut collector = Collector::new(Limits::default());
    let mut records = Vec::new();
    let at = |index: u64| SimTime::from_millis(index * 36);
    let fault = Fact::Mark { at: at(50_000), until: None, kind: MarkKind::Fault, label: "half time" };
    for index in 0..100_000_u64 {
        let (pod, turn) = (index % 2_000, index / 2_000);
        let name = format!("web-{pod}");
        let restart = (turn / 5) as i32;
        let what = match turn % 5 {
            0 => Some(ContainerFact::Started { restart }),
            4 => Some(ContainerFact::Exited { code: 137, signal: Some(9), reason: "OOMKilled" }),
            _ => None,
        };
        if index == 50_000 {
            collector.observe(&fault);
        }
        if let Some(what) = what {
            let fact = Fact::Container {
                at: at(index),
                namespace: "shop",
                pod: &name,
                container: "web",
                what,
                node: "n",
            };
            collector.observe(&fact);
        }
        records.push((name, index));
    }
    (collector.finish(at(100_000)), records)
}

fn crowded_page(file: &Path) {
    let (recorded, told) = crowd();
    let events = ["ContainerStarted", "MODIFIED", "ProbeFailed", "Signal", "ContainerExited"];
    let messages: Vec<String> =
        (0..10).map(|turn| format!("container web started, restart {turn}")).collect();
    let records = told.iter().map(|(name, index)| {
        let turn = index / 2_000;
        Record {
            id: index + 1,
            at: SimTime::from_millis(index * 36),
            cause: (turn > 0).then(|| index + 1 - 2_000),
            component: if turn % 5 == 2 { "kubelet" } else { "runtime" },
            kind: "Pod",
            namespace: "shop",
            name,
            event: events[(turn % 5) as usize],
            reason: if turn % 5 == 4 { "OOMKilled" } else { "" },
            message: if turn % 5 == 0 { &messages[(turn / 5) as usize] } else { "x" },
        }
    });
    let info = RunInfo { scenario: "crowd".to_owned(), records: 100_000, ..RunInfo::default() };
    let source = Source { name: "crowd.yaml", text: "kind: Scenario # <script>alert(1)</script>" };
    fs::write(file, page(&recorded, &info, records, &[source], PageLimits::default())).unwrap();
}

#[test]
fn a_page_of_100_000_records_works_in_a_browser() {
    let Some(browser) = browser(1400, 1000, &[]) else { return };
    let file = directory("crowd").join("report.html");
    crowded_page(&file);
    browser.open(&file);
    assert!(
        browser.text("#records-count").starts_with("100,000 of 100,000"),
        "{}",
        browser.text("#records-count")
    );
    // Only the rows in sight exist.
    assert!(
        browser.run("return document.querySelectorAll('#records-body .row').length").as_u64().unwrap() < 100
    );
    browser.keys("#records-filter", "web-1999");
    assert!(
        browser.text("#records-count").starts_with("50 of 100,000"),
        "{}",
        browser.text("#records-count")
    );
    // The last record of the pod, and its chain of fifty, of which a cycle is told once.
    browser.run("document.getElementById('records-body').parentNode.scrollTop = 1e9");
    let mut chain = String::new();
    // The rows come with the next frame.
    for _ in 0..100 {
        browser.run("[...document.querySelectorAll('#records-body .row')].at(-1).click()");
        chain = browser.text("#why");
        if chain.contains("the same 5 steps 9 times before") {
            break;
        }
    }
    assert!(chain.contains("the same 5 steps 9 times before"), "{chain}");
    // The slider is still there to be moved, and no text of the run is markup.
    browser.keys("#instant", keys::RIGHT);
    assert_eq!(browser.run("return document.querySelectorAll('main script').length"), json!(0));
    assert_eq!(browser.complaints(), Vec::<String>::new());
}
