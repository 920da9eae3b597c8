//! `report.html`: the whole run on one page that needs no network and no second file.
//!
//! The head of the page is plain HTML; the timeline, the nodes and the table are drawn by the script in
//! `assets/report` from the data that the page carries.

mod data;
mod headline;
mod text;

use std::fmt::Write as _;

use self::data::{Data, StateLook, pod_looks};
use self::text::escaped;
use super::recorded::{Recorded, RunInfo};
use super::{Record, Summary};

const STYLE: &str = include_str!("../../../assets/report/report.css");
const SCRIPT: [&str; 6] = [
    include_str!("../../../assets/report/data.js"),
    include_str!("../../../assets/report/timeline.js"),
    include_str!("../../../assets/report/nodes.js"),
    include_str!("../../../assets/report/charts.js"),
    include_str!("../../../assets/report/records.js"),
    include_str!("../../../assets/report/main.js"),
];
/// Stays in sight.
const NAVIGATION: &str = "<nav aria-label=\"Parts of the page\"><a href=\"#timeline-section\">Pods</a>\
    <a href=\"#nodes-section\">Nodes</a><a href=\"#charts-section\">Measures</a>\
    <a href=\"#records-section\">Records</a><a href=\"#scenario-section\">Scenario</a>\
    <button type=\"button\" id=\"theme\">Light / dark</button></nav>\n";
const BODY: &str = include_str!("../../../assets/report/body.html");

/// How much the page carries.
#[derive(Clone, Copy, Debug)]
pub struct PageLimits {
    /// Pods: those that changed state most.
    pub lanes: usize,
    /// Records: the first.
    pub records: usize,
}

impl Default for PageLimits {
    fn default() -> Self {
        Self { lanes: 5_000, records: 200_000 }
    }
}

/// A file of the scenario, to be shown on the page.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// Its name.
    pub name: &'a str,
    /// What it says.
    pub text: &'a str,
}

/// The page. `records` come in the order of their numbers.
pub fn page<'a>(
    recorded: &Recorded,
    info: &RunInfo,
    records: impl IntoIterator<Item = Record<'a>>,
    sources: &[Source<'_>],
    limits: PageLimits,
) -> String {
    let summary = Summary::new(recorded, info);
    let data = Data::new(recorded, &info.pools, records.into_iter(), limits.lanes, limits.records);
    let mut page = String::from("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    page.push_str("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    // The page may load nothing from anywhere: it says so, and the browser holds it to that.
    page.push_str("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; ");
    page.push_str("style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:\">\n");
    let _ = writeln!(page, "<title>{} - Shakedown report</title>", escaped(&info.scenario));
    let _ = writeln!(page, "<style>\n{STYLE}</style>\n</head>\n<body>");
    page.push_str(&headline::header(&summary, &info.description));
    page.push_str(&headline::cards(&summary));
    page.push_str(&headline::warnings(&summary));
    page.push_str(NAVIGATION);
    page.push_str(&BODY.replace("<!-- legend -->", &legend(&pod_looks())));
    page.push_str(&scenario_source(sources));
    let _ = writeln!(
        page,
        "<footer>Made by Shakedown {}. The same command gives the same page.</footer>",
        escaped(&info.version)
    );
    let _ = writeln!(page, "<script type=\"application/json\" id=\"data\">{}</script>", data.to_json());
    let _ = writeln!(page, "<script>\n\"use strict\";\n(() => {{\n{}}})();\n</script>", SCRIPT.concat());
    page.push_str("</body>\n</html>\n");
    page
}

fn scenario_source(sources: &[Source<'_>]) -> String {
    if sources.is_empty() {
        return String::new();
    }
    let mut out =
        String::from("<section id=\"scenario-section\" aria-label=\"Scenario\">\n<h2>Scenario</h2>\n");
    for source in sources {
        let (name, text) = (escaped(source.name), escaped(source.text));
        let open = if sources.len() == 1 { " open" } else { "" };
        let _ = writeln!(out, "<details{open}><summary>{name}</summary>\n<pre>{text}</pre></details>");
    }
    out.push_str("</section>\n");
    out
}

/// The legend of the timeline, drawn as the script draws the bars.
fn legend(looks: &[StateLook]) -> String {
    let mut out = String::from("<div class=\"legend\" aria-label=\"Legend\">");
    for look in looks.iter().filter(|look| look.height > 0.0) {
        let _ = write!(out, "<span>{}{}</span>", swatch(look), escaped(look.label));
    }
    out.push_str(
        "<span><svg width=\"12\" height=\"12\" aria-hidden=\"true\"><path d=\"M2 11h8L6 4z\" \
         fill=\"currentColor\"/></svg>restart</span><span><svg width=\"28\" height=\"14\" aria-hidden=\"true\">\
         <rect x=\".5\" y=\".5\" width=\"27\" height=\"13\" fill=\"none\" stroke=\"currentColor\"/>\
         <text x=\"14\" y=\"11\" font-size=\"11\" text-anchor=\"middle\" fill=\"currentColor\">137</text></svg>\
         exit code</span></div>",
    );
    out
}

fn swatch(look: &StateLook) -> String {
    let (height, color) = (12.0 * look.height, look.color.replace("ink", "var(--ink)"));
    let top = (12.0 - height) / 2.0;
    let bar = match look.texture {
        "hollow" => format!(
            "<rect x=\".5\" y=\"{}\" width=\"21\" height=\"{}\" fill=\"none\" stroke=\"{color}\"/>",
            top + 0.5,
            height - 1.0
        ),
        _ => format!("<rect y=\"{top}\" width=\"22\" height=\"{height}\" style=\"fill:{color}\"/>"),
    };
    let over = match look.texture {
        "stripe" => "<path d=\"M0 6h22\" style=\"stroke:var(--paper)\" stroke-width=\"2\"/>".to_owned(),
        "hatch" => {
            let foot = top + height;
            let lines = [1, 7, 13, 19].map(|x| format!("M{x} {foot}l{}-{height}", height / 2.0)).concat();
            format!("<path d=\"{lines}\" style=\"stroke:var(--paper)\"/>")
        }
        _ => String::new(),
    };
    format!("<svg width=\"22\" height=\"12\" aria-hidden=\"true\">{bar}{over}</svg>")
}
