//! `shakedown step`: walk through a run on the terminal, forward and back.

mod stepper;
#[cfg(test)]
mod tests;
mod view;

use std::io::{self, IsTerminal};
use std::time::Duration;

use ratatui::crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};

use self::stepper::{Action, Stepper};
use super::ExitStatus;
use super::look::Request;
use super::past;
use super::printer::Printer;

/// How long the screen stands still when nobody presses a key.
const FRAME: Duration = Duration::from_millis(50);

/// Walks through the run.
pub(super) fn step(words: &[String], printer: &mut Printer) -> ExitStatus {
    match walked(words, printer) {
        Ok(true) => ExitStatus::Success,
        Ok(false) => ExitStatus::Error,
        Err(problem) => {
            printer.error(&problem);
            ExitStatus::Error
        }
    }
}

fn walked(words: &[String], printer: &mut Printer) -> Result<bool, String> {
    let request = Request::parse(words)?;
    if let Some(word) = request.words.first() {
        return Err(format!(
            "step takes a scenario or the directory of a run, `--at` and `--seed`, but not {word}"
        ));
    }
    if !io::stdout().is_terminal() {
        return Err(
            "step needs a terminal; to print the state at a time use `shakedown get pods --at T PATH`"
                .to_owned(),
        );
    }
    let wanted = past::Wanted { seed: request.seed, ..past::Wanted::default() };
    let Some(past) = past::load(&request.paths, wanted, printer)? else { return Ok(false) };
    let mut stepper = Stepper::new(past, request.at);
    let color = printer.color();
    let mut terminal = ratatui::try_init().map_err(|error| format!("cannot use the terminal: {error}"))?;
    let ended = walk(&mut terminal, &mut stepper, color);
    ratatui::restore();
    ended.map_err(|error| error.to_string())?;
    Ok(true)
}

fn walk(terminal: &mut ratatui::DefaultTerminal, stepper: &mut Stepper, color: bool) -> io::Result<()> {
    loop {
        terminal.draw(|frame| view::draw(frame, stepper, color))?;
        if !event::poll(FRAME)? {
            stepper.play(FRAME);
            continue;
        }
        let Event::Key(key) = event::read()? else { continue };
        if key.kind == KeyEventKind::Release {
            continue;
        }
        if key.modifiers.contains(KeyModifiers::CONTROL) && key.code == KeyCode::Char('c') {
            return Ok(());
        }
        match action(key.code) {
            Some(Action::Quit) => return Ok(()),
            Some(action) => stepper.act(action),
            None => {}
        }
    }
}

/// What a key does.
fn action(key: KeyCode) -> Option<Action> {
    Some(match key {
        KeyCode::Char('q') | KeyCode::Esc => Action::Quit,
        KeyCode::Char(' ') => Action::TogglePlay,
        KeyCode::Right | KeyCode::Char('l') => Action::Records(1),
        KeyCode::Left | KeyCode::Char('h') => Action::Records(-1),
        KeyCode::Char('.') => Action::Seconds(1),
        KeyCode::Char(',') => Action::Seconds(-1),
        KeyCode::Char(']') => Action::Seconds(30),
        KeyCode::Char('[') => Action::Seconds(-30),
        KeyCode::Char('n') => Action::Mark(true),
        KeyCode::Char('p') => Action::Mark(false),
        KeyCode::Home | KeyCode::Char('g') => Action::Start,
        KeyCode::End | KeyCode::Char('G') => Action::End,
        KeyCode::Down | KeyCode::Char('j') => Action::Select(1),
        KeyCode::Up | KeyCode::Char('k') => Action::Select(-1),
        KeyCode::PageDown => Action::Scroll(8),
        KeyCode::PageUp => Action::Scroll(-8),
        KeyCode::Char('w') | KeyCode::Enter => Action::ToggleWhy,
        KeyCode::Char('+' | '=') => Action::Faster(true),
        KeyCode::Char('-') => Action::Faster(false),
        _ => return None,
    })
}
