//! The panes on the terminal.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, BorderType, Paragraph};

use super::stepper::{Row, Stepper};
use crate::api::Kind;
use crate::kernel::SimTime;
use crate::report::{MarkKind, PodState};

/// The keys, for wide and for narrow screens.
const KEYS: [&str; 2] = [
    "space play  ←→ record  , . second  [ ] 30 s  n p fault  ↑↓ choose  w why  PgUp PgDn scroll  + - speed  q quit",
    "space play  ←→ record  ,. 1 s  [] 30 s  n p fault  ↑↓ choose  w why  q quit",
];

/// Draws everything. Without `color` nothing is told by colour alone: states have glyphs of their own.
pub(super) fn draw(frame: &mut Frame<'_>, stepper: &Stepper, color: bool) {
    let paint = Paint(color);
    let [head, axis, body, lane, foot] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(2),
        Constraint::Min(6),
        Constraint::Length(4),
        Constraint::Length(1),
    ])
    .areas(frame.area());
    title(frame, head, stepper);
    time_axis(frame, axis, stepper, paint);
    let narrow = body.width < 90;
    let parts = [Constraint::Percentage(42), Constraint::Percentage(58)];
    let [left, right] =
        if narrow { Layout::vertical(parts).areas(body) } else { Layout::horizontal(parts).areas(body) };
    let [events, details] =
        Layout::vertical([Constraint::Percentage(40), Constraint::Percentage(60)]).areas(right);
    nodes(frame, left, stepper, paint);
    happened(frame, events, stepper);
    detail(frame, details, stepper);
    timeline(frame, lane, stepper, paint);
    let fits = |keys: &&str| keys.chars().count() <= usize::from(foot.width);
    let keys = KEYS.into_iter().find(fits).unwrap_or(KEYS[1]);
    frame.render_widget(Paragraph::new(keys).style(Style::new().add_modifier(Modifier::DIM)), foot);
}

/// Colours, if they are wanted.
#[derive(Clone, Copy)]
struct Paint(bool);

impl Paint {
    fn fg(self, color: Color) -> Style {
        if self.0 { Style::new().fg(color) } else { Style::new() }
    }
}

fn pane(title: String) -> Block<'static> {
    let bold = Style::new().add_modifier(Modifier::BOLD);
    Block::bordered().border_type(BorderType::Rounded).title(Span::styled(title, bold))
}

fn title(frame: &mut Frame<'_>, area: Rect, stepper: &Stepper) {
    let mode = if stepper.playing { "playing" } else { "paused" };
    let bold = Style::new().add_modifier(Modifier::BOLD);
    let line = Line::from(vec![
        Span::styled(format!(" {}  ", stepper.title), bold),
        Span::styled(stepper.now.to_string(), bold.add_modifier(Modifier::REVERSED)),
        Span::raw(format!(
            "  of {}  record {} of {}  {mode} at {} s/s",
            stepper.end,
            stepper.count,
            stepper.total(),
            stepper.speed()
        )),
    ]);
    frame.render_widget(Paragraph::new(line), area);
}

/// The column of an instant in a bar that is `width` columns wide.
fn column(at: SimTime, end: SimTime, width: u16) -> usize {
    let part =
        u128::from(at.as_nanos()) * u128::from(width.saturating_sub(1)) / u128::from(end.as_nanos().max(1));
    part as usize
}

fn time_axis(frame: &mut Frame<'_>, area: Rect, stepper: &Stepper, paint: Paint) {
    let width = area.width;
    let mut marks = vec![' '; usize::from(width)];
    for mark in &stepper.marks {
        let glyph = match mark.kind {
            MarkKind::Fault => 'F',
            MarkKind::FaultEnd => '·',
            MarkKind::Step => 'k',
            MarkKind::Expectation => '!',
        };
        let at = column(mark.at, stepper.end, width);
        if let Some(place) = marks.get_mut(at).filter(|place| **place != 'F') {
            *place = glyph;
        }
    }
    let now = column(stepper.now, stepper.end, width);
    let bar: String = (0..usize::from(width))
        .map(|at| match at.cmp(&now) {
            std::cmp::Ordering::Less => '━',
            std::cmp::Ordering::Equal => '●',
            std::cmp::Ordering::Greater => '─',
        })
        .collect();
    let lines = vec![
        Line::styled(marks.into_iter().collect::<String>(), paint.fg(Color::LightRed)),
        Line::styled(bar, paint.fg(Color::Cyan)),
    ];
    frame.render_widget(Paragraph::new(lines), area);
}

fn nodes(frame: &mut Frame<'_>, area: Rect, stepper: &Stepper, paint: Paint) {
    let block = pane(" Nodes and pods ".to_owned());
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let chosen = stepper.chosen_row();
    let height = usize::from(inner.height);
    let first = chosen.unwrap_or(0).saturating_sub(height / 2).min(stepper.rows.len().saturating_sub(height));
    let rows = stepper.rows.iter().enumerate().skip(first).take(height);
    let lines: Vec<Line<'_>> =
        rows.map(|(at, row)| row_line(row, chosen == Some(at), inner.width, paint)).collect();
    frame.render_widget(Paragraph::new(lines), inner);
}

fn row_line(row: &Row, chosen: bool, width: u16, paint: Paint) -> Line<'static> {
    let (glyph, style) = match (row.kind, row.status.as_str()) {
        (Kind::Node, "ready") => ("■ ", paint.fg(Color::Green)),
        (Kind::Node, "cordoned") => ("▣ ", paint.fg(Color::Yellow)),
        (Kind::Node, _) => ("□ ", paint.fg(Color::LightRed)),
        (_, "Running") if row.more.starts_with("0/") => ("  ◐ ", paint.fg(Color::Yellow)),
        (_, "Running") => ("  ● ", paint.fg(Color::Green)),
        (_, "Pending" | "ContainerCreating" | "PodInitializing") => ("  ○ ", paint.fg(Color::Blue)),
        (_, "Completed" | "Succeeded") => ("  ✓ ", paint.fg(Color::Magenta)),
        (_, "Terminating") => ("  ◌ ", paint.fg(Color::DarkGray)),
        _ => ("  ✗ ", paint.fg(Color::LightRed)),
    };
    let namespace = if row.namespace.is_empty() || row.namespace == "default" {
        String::new()
    } else {
        format!("{}/", row.namespace)
    };
    let told = format!("{} {}", row.status, row.more);
    let name = format!("{namespace}{}", row.name);
    let room = usize::from(width).saturating_sub(glyph.chars().count() + told.chars().count() + 1);
    let name = if name.chars().count() > room {
        name.chars().take(room.saturating_sub(1)).chain(['…']).collect()
    } else {
        format!("{name:<room$}")
    };
    let mut base = Style::new();
    if row.kind == Kind::Node {
        base = base.add_modifier(Modifier::BOLD);
    }
    if chosen {
        base = base.add_modifier(Modifier::REVERSED);
    }
    Line::from(vec![
        Span::styled(glyph, style),
        Span::styled(name, base),
        Span::raw(" "),
        Span::styled(told, style),
    ])
}

fn happened(frame: &mut Frame<'_>, area: Rect, stepper: &Stepper) {
    let block = pane(" What happened ".to_owned());
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let lines = stepper.happened();
    let first = lines.len().saturating_sub(usize::from(inner.height));
    let last = lines.len().saturating_sub(1);
    let shown = lines.iter().enumerate().skip(first).map(|(at, line)| {
        let told = format!("{:>10} {}: {}", line.time().to_string(), line.subject(), line.phrase());
        let style = if at == last { Style::new().add_modifier(Modifier::BOLD) } else { Style::new() };
        Line::styled(told, style)
    });
    frame.render_widget(Paragraph::new(shown.collect::<Vec<_>>()), inner);
}

fn detail(frame: &mut Frame<'_>, area: Rect, stepper: &Stepper) {
    let (title, lines) = stepper.details();
    let block = pane(format!(" {title} "));
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let shown: Vec<Line<'_>> =
        lines.iter().skip(stepper.scroll).map(|line| Line::raw(line.clone())).collect();
    frame.render_widget(Paragraph::new(shown), inner);
}

/// The life of the chosen pod, in one bar.
fn timeline(frame: &mut Frame<'_>, area: Rect, stepper: &Stepper, paint: Paint) {
    let lane = stepper.chosen_lane();
    let block = pane(lane.map_or(" Timeline: choose a pod ".to_owned(), |lane| format!(" {} ", lane.name)));
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let Some(lane) = lane else { return };
    let width = inner.width;
    let state_at = |at: usize| {
        let nanos =
            u128::from(stepper.end.as_nanos()) * at as u128 / u128::from(width.saturating_sub(1).max(1));
        lane.states.at(SimTime::from_nanos(nanos as u64)).copied().unwrap_or(PodState::Gone)
    };
    let bar: Vec<Span<'_>> = (0..usize::from(width))
        .map(|at| {
            let (glyph, color) = look(state_at(at));
            Span::styled(glyph, paint.fg(color))
        })
        .collect();
    let now = column(stepper.now, stepper.end, width);
    let state = lane.states.at(stepper.now).map_or("not created yet", |state| state.label());
    let pointer = if now + 2 + state.len() < usize::from(width) {
        format!("{}▲ {state}", " ".repeat(now))
    } else {
        format!("{}{state} ▲", " ".repeat(now.saturating_sub(state.len() + 1)))
    };
    frame.render_widget(Paragraph::new(vec![Line::from(bar), Line::raw(pointer)]), inner);
}

fn look(state: PodState) -> (&'static str, Color) {
    match state {
        PodState::Pending => ("·", Color::Gray),
        PodState::Pulling => ("~", Color::LightBlue),
        PodState::Starting => ("-", Color::Blue),
        PodState::NotReady => ("▒", Color::Yellow),
        PodState::Ready => ("█", Color::Green),
        PodState::BackOff => ("╱", Color::LightRed),
        PodState::Terminating => ("░", Color::DarkGray),
        PodState::Succeeded => ("_", Color::Magenta),
        PodState::Failed => ("X", Color::White),
        PodState::Gone => (" ", Color::Reset),
    }
}
