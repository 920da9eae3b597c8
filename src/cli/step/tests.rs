//! Goal: the screen shows what one expects after a few keys, drawn by ratatui's test back end.

use std::path::PathBuf;

use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::stepper::{Action, Stepper};
use super::view;
use crate::cli::args::Color;
use crate::cli::past;
use crate::cli::printer::Printer;
use crate::kernel::SimTime;

fn stepper(scenario: &str) -> Stepper {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("scenarios").join(scenario);
    let past =
        past::load(&[path], past::Wanted::default(), &mut Printer::new(Color::Never)).unwrap().unwrap();
    Stepper::new(past, None)
}

fn screen(stepper: &Stepper, width: u16, height: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| view::draw(frame, stepper, false)).unwrap();
    terminal.backend().to_string()
}

#[test]
fn it_begins_at_the_fault_and_shows_all_panes() {
    let shown = screen(&stepper("node-failure"), 120, 32);
    for text in [
        "node-failure, seed 42",
        "2m21s",
        "worker-2",
        "machine down",
        "What happened",
        "the machine lost power",
    ] {
        assert!(shown.contains(text), "no {text} in\n{shown}");
    }
}

#[test]
fn causes_of_the_present_record_fit_a_narrow_screen() {
    let mut stepper = stepper("dependency-outage");
    for action in [Action::Seconds(30), Action::ToggleWhy] {
        stepper.act(action);
    }
    let shown = screen(&stepper, 80, 40);
    for text in ["Why?", "fault: service default/db is down", "web-1"] {
        assert!(shown.contains(text), "no {text} in\n{shown}");
    }
}

#[test]
fn causes_of_what_was_chosen_last() {
    let mut stepper = stepper("node-failure");
    for action in [Action::Seconds(120), Action::ToggleWhy, Action::Select(4)] {
        stepper.act(action);
    }
    let shown = screen(&stepper, 80, 40);
    for text in ["Why? pod/web-", "not ready", "fault: node worker-2 crashes", "q quit"] {
        assert!(shown.contains(text), "no {text} in\n{shown}");
    }
    stepper.act(Action::Records(-1));
    assert!(screen(&stepper, 80, 40).contains("Why? the last record"));
}

#[test]
fn time_goes_forward_and_back() {
    let mut stepper = stepper("node-failure");
    let at_fault = screen(&stepper, 120, 32);
    let (now, count) = (stepper.now, stepper.count);
    stepper.act(Action::Records(1));
    assert!(stepper.now > now && stepper.count == count + 1);
    stepper.act(Action::Records(-1));
    assert_eq!((stepper.now, stepper.count), (now, count));
    stepper.act(Action::Seconds(60));
    stepper.act(Action::Seconds(-60));
    assert_eq!(screen(&stepper, 120, 32), at_fault);
    stepper.act(Action::Mark(false));
    assert_eq!(stepper.now, SimTime::from_secs(60));
    stepper.act(Action::TogglePlay);
    stepper.act(Action::Faster(true));
    stepper.play(std::time::Duration::from_secs(10));
    assert_eq!(stepper.now, SimTime::from_secs(80));
    stepper.act(Action::End);
    stepper.act(Action::Records(1));
    assert_eq!((stepper.now, stepper.count), (stepper.end, stepper.total()));
}
