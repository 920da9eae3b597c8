//! The whole way from facts to bytes, on the sample run.

use super::crowd;
use super::plot::{self, Scene, Shape};
use super::sample::{info, node_failure};
use super::{Pools, Recorded, RunInfo, Summary, html, metrics, terminal};
use crate::kernel::SimDuration;

fn scenes(recorded: &Recorded, info: &RunInfo) -> [(&'static str, Scene); 3] {
    [
        ("pods", plot::pods(recorded, info, 200)),
        ("replicas", plot::replicas(recorded, info, 12)),
        ("nodes", plot::nodes(recorded, info, 100)),
    ]
}

#[test]
fn texts_lie_on_the_picture_and_apart() {
    for (name, scene) in scenes(&node_failure().recorded(), &info()) {
        let texts: Vec<_> = scene.texts().collect();
        assert!(texts.len() > 20, "{name}");
        for (index, text) in texts.iter().enumerate() {
            let area = text.area();
            assert!(text.size >= 11.0, "{name}: {text:?} is too small to read");
            assert!(area.x >= 0.0 && area.right() <= scene.width, "{name}: {text:?} leaves the picture");
            assert!(area.y >= 0.0 && area.bottom() <= scene.height, "{name}: {text:?} leaves the picture");
            for other in &texts[index + 1..] {
                assert!(!area.overlaps(&other.area()), "{name}: {text:?} and {other:?} overlap");
            }
        }
    }
}

#[test]
fn pictures_are_the_same_bytes_every_time() {
    let first = scenes(&node_failure().recorded(), &info());
    let second = scenes(&node_failure().recorded(), &info());
    for ((_, a), (_, b)) in first.iter().zip(&second) {
        assert_eq!(plot::svg(a).unwrap(), plot::svg(b).unwrap());
    }
    let (_, smallest) = &first[2];
    assert_eq!(plot::png(smallest).unwrap(), plot::png(&second[2].1).unwrap());
}

/// The bytes on every machine. After a wanted change of the look, copy the new digests from the failure.
#[test]
fn pictures_have_these_bytes() {
    let scenes = scenes(&node_failure().recorded(), &info());
    let digest = |bytes: &[u8]| blake3::hash(bytes).to_hex()[..16].to_owned();
    let svgs = scenes.each_ref().map(|(_, scene)| digest(plot::svg(scene).unwrap().as_bytes()));
    assert_eq!(svgs, ["78ae09d6220c8c90", "929eee5f440251a3", "99661cb7b339fceb"]);
    assert_eq!(digest(&plot::png(&scenes[2].1).unwrap()), "d2e8c18a088ea5c5");
}

#[test]
fn labels_are_escaped() {
    let mut recorded = node_failure().recorded();
    recorded.marks[0].label = "<script> & \"quotes\"".into();
    let mut info = info();
    info.scenario = "a<b".into();
    let svg = plot::svg(&plot::pods(&recorded, &info, 200)).unwrap();
    assert!(svg.contains("&lt;script&gt; &amp; &quot;quotes&quot;"));
    assert!(!svg.contains("<script>") && !svg.contains("a<b"));
}

#[test]
fn a_picture_says_what_it_leaves_out() {
    let recorded = node_failure().recorded();
    let scene = plot::pods(&recorded, &info(), 5);
    let all = recorded.lanes.len();
    let note = format!("Showing 5 of {all} pods: those that changed state most.");
    assert!(scene.texts().any(|text| text.content == note));
}

#[test]
fn a_large_run_shows_the_pods_that_changed_most() {
    let recorded = crowd::recorded(crowd::Size { nodes: 40, pods: 3_000, kept: 2_000 });
    assert_eq!(recorded.lanes.len(), 3_000);
    let scene = plot::pods(&recorded, &info(), 20);
    assert!(scene.texts().any(|text| text.content.starts_with("Showing 20 of 3,000 pods")));
    assert!(recorded.busiest_lanes(20).iter().all(|lane| lane.restarts() == 30));
    let nodes = plot::nodes(&recorded, &info(), 100);
    assert!(nodes.texts().any(|text| text.content == "node-0039"));
    let text = &plot::replicas(&recorded, &info(), 12);
    assert!(text.texts().any(|text| text.content.starts_with("Showing 12 of 75 workloads")));
}

#[test]
fn an_empty_run_has_pictures_too() {
    let recorded = super::Collector::new(super::Limits::default()).finish(crate::kernel::SimTime::ZERO);
    for (name, scene) in scenes(&recorded, &RunInfo::default()) {
        assert!(scene.shapes.iter().any(|shape| matches!(shape, Shape::Text(_))), "{name}");
        assert!(plot::svg(&scene).unwrap().ends_with("</svg>\n"), "{name}");
    }
}

#[test]
fn the_summary_tells_the_story() {
    let recorded = node_failure().recorded();
    let summary = Summary::new(&recorded, &info());
    assert_eq!((summary.pods.created, summary.pods.deleted, summary.pods.peak), (13, 3, 13));
    assert_eq!(summary.restarts.by.get("137"), Some(&3));
    assert_eq!(summary.evictions.by.get("DeletionByTaintManager"), Some(&3));
    let crash = &summary.faults[0];
    assert_eq!((crash.label.as_str(), crash.outcome), ("node worker-2 crashes", "recovered"));
    let worker = summary.nodes.iter().find(|node| node.name == "worker-2").unwrap();
    assert_eq!(worker.ready_s.to_string(), "460");
    assert_eq!((summary.expectations.passed, summary.expectations.failed), (1, 1));
    let json: serde_json::Value = serde_json::from_str(&summary.to_json()).unwrap();
    assert_eq!(json["workloads"][2]["name"], "web");
}

#[test]
fn the_terminal_summary_is_aligned_and_plain_on_demand() {
    let summary = Summary::new(&node_failure().recorded(), &info());
    let plain = terminal::render(&summary, false);
    assert!(!plain.contains('\u{1b}'));
    assert!(plain.lines().all(|line| line.chars().count() <= 100 && line == line.trim_end()), "{plain}");
    assert!(terminal::render(&summary, true).contains("\u{1b}[1m"));
}

#[test]
fn metrics_are_sampled_series() {
    let recorded = node_failure().recorded();
    let csv = metrics::csv(&recorded, &Pools::default(), SimDuration::from_secs(60)).unwrap();
    assert!(csv.starts_with("time_s,metric,namespace,object,value\n"));
    assert!(csv.contains("\n60,replicas_ready,default,deployment/web,6\n"));
    assert!(csv.contains("\n360,replicas_ready,default,deployment/web,4\n"));
    assert!(csv.contains("\n360,nodes_ready,,,2\n"));
}

const SCENARIO: &str = "apiVersion: shakedown.sim/v1alpha1\nkind: Scenario\nmetadata: {name: node-failure}\nspec:\n  \
                        seed: 42\n  duration: 15m\n  steps:\n  - at: 5m\n    fault: {nodeCrash: {node: worker-2, recoverAfter: 8m}}\n";

fn page() -> String {
    let story = node_failure();
    let sources = [html::Source { name: "scenario.yaml", text: SCENARIO }];
    html::page(&story.recorded(), &info(), story.records(), &sources, html::PageLimits::default())
}

#[test]
fn the_page_is_whole_and_the_same_every_time() {
    let first = page();
    assert_eq!(first, page());
    assert!(first.ends_with("</html>\n"));
    for part in ["id=\"data\"", "shakedown run scenarios/node-failure --seed 42", "kind: Scenario", "7.86 %"]
    {
        assert!(first.contains(part), "{part}");
    }
    // The name of the SVG namespace looks like an address, but nobody goes there.
    let addresses = first.replace("http://www.w3.org/2000/svg", "");
    assert!(!addresses.contains("http://") && !addresses.contains("https://"), "the page needs no network");
}

#[test]
fn no_text_can_leave_its_place_on_the_page() {
    let evil = "</script><script>alert(1)</script>";
    let story = node_failure();
    let mut recorded = story.recorded();
    recorded.marks[0].label = evil.into();
    recorded.lanes[0].name = evil.into();
    let mut info = info();
    info.scenario = evil.into();
    info.expectations[1].found = evil.into();
    let mut records = story.records();
    records[0].message = evil;
    let sources = [html::Source { name: evil, text: evil }];
    let page = html::page(&recorded, &info, records, &sources, html::PageLimits::default());
    assert_eq!(page.matches("<script").count(), 2);
    assert_eq!(page.matches("</script").count(), 2);
}

#[test]
fn the_page_says_what_it_leaves_out() {
    let story = node_failure();
    let limits = html::PageLimits { lanes: 3, records: 10 };
    let page = html::page(&story.recorded(), &info(), story.records(), &[], limits);
    let total = story.records().len();
    assert!(page.contains("\"lanes_total\":13") && page.contains(&format!("\"records_total\":{total}")));
}

/// Writes everything for eyes to judge: `cargo test --lib report -- --ignored`, then look into `target/report-sample`.
#[test]
#[ignore = "writes files for people to look at"]
fn write_the_sample() {
    let folder = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/target/report-sample"));
    std::fs::create_dir_all(folder).unwrap();
    let (story, info) = (node_failure(), info());
    let recorded = story.recorded();
    for (name, scene) in scenes(&recorded, &info) {
        std::fs::write(folder.join(format!("{name}.svg")), plot::svg(&scene).unwrap()).unwrap();
        std::fs::write(folder.join(format!("{name}.png")), plot::png(&scene).unwrap()).unwrap();
    }
    let summary = Summary::new(&recorded, &info);
    std::fs::write(folder.join("summary.json"), summary.to_json()).unwrap();
    std::fs::write(folder.join("summary.txt"), terminal::render(&summary, false)).unwrap();
    let step = metrics::default_step(recorded.end.since_start());
    std::fs::write(folder.join("metrics.csv"), metrics::csv(&recorded, &Pools::default(), step).unwrap())
        .unwrap();
    std::fs::write(folder.join("report.html"), page()).unwrap();
}

/// Writes a page of 100,000 records, to see how quick it is.
#[test]
#[ignore = "writes files for people to look at"]
fn write_a_large_page() {
    let folder = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/target/report-sample"));
    std::fs::create_dir_all(folder).unwrap();
    let recorded = crowd::recorded(crowd::Size { nodes: 300, pods: 6_000, kept: 5_000 });
    let name = |lane: &super::Lane| (lane.namespace.to_string(), lane.name.to_string());
    let names: Vec<_> = recorded.lanes.iter().map(name).collect();
    let records = crowd::records(&names, 100_000 / names.len() as u64 + 1);
    let page = html::page(&recorded, &info(), records, &[], html::PageLimits::default());
    std::fs::write(folder.join("large.html"), page).unwrap();
    for (name, scene) in scenes(&recorded, &info()) {
        std::fs::write(folder.join(format!("large-{name}.svg")), plot::svg(&scene).unwrap()).unwrap();
        std::fs::write(folder.join(format!("large-{name}.png")), plot::png(&scene).unwrap()).unwrap();
    }
}
