//! The pod timeline: one lane a pod, grouped by the workload it belongs to.

use super::font::{HEADING, LABEL, OTHER_FONT, shortened, width};
use super::frame::{Frame, LegendEntry, MARGIN, Swatch, mark_legend, restart_triangle};
use super::palette::{FAINT_INK, INK, bar, pod_look};
use super::scene::{Anchor, Scene};
use crate::report::{Lane, LaneEvent, PodState, Recorded, RunInfo};

const LANE: f64 = 18.0;
const BAR: f64 = 12.0;
const GROUP: f64 = 24.0;
const NAMES_AT_MOST: f64 = 280.0;

/// The timeline of at most `limit` pods: those that changed state most.
pub fn pods(recorded: &Recorded, info: &RunInfo, limit: usize) -> Scene {
    let lanes = recorded.busiest_lanes(limit);
    let name_width = |lane: &&Lane| width(&lane.name, LABEL, false).max(group_width(lane));
    let left = lanes.iter().map(name_width).fold(120.0, f64::max).min(NAMES_AT_MOST) + 12.0;
    let mut frame = Frame::new("Pod timeline", info, recorded, left, legend(recorded, &lanes));
    let groups: Vec<&[&Lane]> =
        lanes.chunk_by(|a, b| (&a.namespace, &a.owner) == (&b.namespace, &b.owner)).collect();
    let height = groups.iter().map(|group| GROUP + LANE * group.len() as f64).sum::<f64>() + 8.0;
    frame.begin_plot(height);
    for group in groups {
        group_title(&mut frame, group[0]);
        for lane in group {
            draw_lane(&mut frame, lane, left - 12.0);
        }
    }
    frame.y += 8.0;
    let mut notes = Vec::new();
    if (lanes.len() as u64) < recorded.lane_count() {
        let (shown, all) = (lanes.len(), grouped(recorded.lane_count()));
        notes.push(format!("Showing {shown} of {all} pods: those that changed state most."));
    }
    if lanes.is_empty() {
        notes.push("The run had no pods.".to_owned());
    }
    frame.finish(&notes)
}

/// A number with a comma between groups of three digits.
pub(in crate::report) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn legend(recorded: &Recorded, lanes: &[&Lane]) -> Vec<LegendEntry> {
    let seen = |state: PodState| {
        lanes.iter().any(|lane| lane.states.points().iter().any(|(_, other)| *other == state))
    };
    let states = PodState::VISIBLE.into_iter().filter(|state| seen(*state));
    let mut entries: Vec<LegendEntry> = states
        .map(|state| LegendEntry { label: state.label().into(), swatch: Swatch::Bar(pod_look(state)) })
        .collect();
    let has = |wanted: fn(&LaneEvent) -> bool| {
        lanes.iter().any(|lane| lane.marks.iter().any(|mark| wanted(&mark.what)))
    };
    if has(|event| matches!(event, LaneEvent::Restart { .. })) {
        entries.push(LegendEntry { label: "restart".into(), swatch: Swatch::Restart });
    }
    if has(|event| matches!(event, LaneEvent::Exit { .. })) {
        entries.push(LegendEntry { label: "exit code".into(), swatch: Swatch::Exit });
    }
    entries.extend(mark_legend(recorded));
    entries
}

/// What a group of lanes is called.
fn group_name(lane: &Lane) -> String {
    if lane.owner.is_none() { "pods of their own".to_owned() } else { lane.owner_title() }
}

/// Room for the name at the left and the namespace at the right, whatever font a viewer draws them with.
fn group_width(lane: &Lane) -> f64 {
    let names = width(&group_name(lane), HEADING, true) + width(&lane.namespace, LABEL, false);
    names * OTHER_FONT + 12.0
}

fn group_title(frame: &mut Frame, lane: &Lane) {
    let y = frame.y + 16.0;
    let room = frame.time.left - MARGIN - 8.0;
    let title = shortened(&group_name(lane), HEADING, true, room / OTHER_FONT);
    frame.text(MARGIN, y, &title, HEADING, true, INK);
    let left = room / OTHER_FONT - width(&title, HEADING, true) - 12.0;
    let namespace = shortened(&lane.namespace, LABEL, false, left.max(0.0));
    frame.text_at(Anchor::End, frame.time.left - 8.0, y, &namespace, LABEL, false, FAINT_INK);
    frame.y += GROUP;
}

fn draw_lane(frame: &mut Frame, lane: &Lane, name_room: f64) {
    let top = frame.y + (LANE - BAR) / 2.0;
    let name = shortened(&lane.name, LABEL, false, name_room);
    frame.text_at(Anchor::End, frame.time.left - 8.0, frame.y + 13.0, &name, LABEL, false, INK);
    for (from, until, state) in lane.states.spans(frame.time.end) {
        let (left, right) = (frame.time.x(from), frame.time.x(until));
        bar(&mut frame.scene, pod_look(*state), left, right, top, BAR);
    }
    for mark in &lane.marks {
        if matches!(mark.what, LaneEvent::Restart { .. }) {
            restart_triangle(&mut frame.scene, frame.time.x(mark.at), top + BAR);
        }
    }
    for (x, box_width, text) in exit_boxes(lane, |at| frame.time.x(at), frame.time.right) {
        frame.add_exit_box(x, top - 1.0, box_width, text);
    }
    frame.y += LANE;
}

/// The exits of a lane as boxes that do not overlap: exits close together share one, such as `1 ×4` or `137, 1`.
fn exit_boxes(lane: &Lane, x: impl Fn(crate::kernel::SimTime) -> f64, right: f64) -> Vec<(f64, f64, String)> {
    let mut clusters: Vec<(f64, Vec<i32>)> = Vec::new();
    for mark in &lane.marks {
        let LaneEvent::Exit { code, .. } = mark.what else { continue };
        let at = x(mark.at);
        match clusters.last_mut() {
            Some((from, codes)) if at < *from + exit_box_width(&exit_text(codes)) + 2.0 => codes.push(code),
            _ => clusters.push((at, vec![code])),
        }
    }
    // A growing box may reach the next one; then both become one.
    let mut index = 1;
    while index < clusters.len() {
        let (from, codes) = &clusters[index - 1];
        if clusters[index].0 < from + exit_box_width(&exit_text(codes)) + 2.0 {
            let (_, codes) = clusters.remove(index);
            clusters[index - 1].1.extend(codes);
        } else {
            index += 1;
        }
    }
    let boxed = |(from, codes): (f64, Vec<i32>)| {
        let text = exit_text(&codes);
        let width = exit_box_width(&text);
        // The last box may stick out a little at the right, never off the picture.
        (from.min(right + 24.0 - width), width, text)
    };
    clusters.into_iter().map(boxed).collect()
}

fn exit_box_width(text: &str) -> f64 {
    (width(text, LABEL, false) + 8.0).ceil()
}

/// Distinct codes in the order of their first appearance, with how often each came.
fn exit_text(codes: &[i32]) -> String {
    let mut counts: Vec<(i32, usize)> = Vec::new();
    for code in codes {
        match counts.iter_mut().find(|(known, _)| known == code) {
            Some((_, count)) => *count += 1,
            None => counts.push((*code, 1)),
        }
    }
    let each = counts.iter().map(|(code, count)| match count {
        1 => code.to_string(),
        _ => format!("{code} ×{count}"),
    });
    each.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exits_are_told_briefly() {
        assert_eq!(exit_text(&[1]), "1");
        assert_eq!(exit_text(&[1, 1, 137, 1]), "1 ×3, 137");
        assert_eq!([grouped(7), grouped(1_000), grouped(1_234_567)], ["7", "1,000", "1,234,567"]);
    }
}
