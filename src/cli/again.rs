//! A run that can be looked into: that of a scenario, or a finished one, which is done again from its `inputs.json`.
//!
//! A recorded run holds objects and what happened, but not what only a living world has: use of resources, scores of
//! nodes. The same inputs give the same run, and every byte of its `trace.csv` is compared on the way.

use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use super::inputs::{self, Inputs};
use super::printer::Printer;
use super::run;
use crate::control::scheduling::Explain;
use crate::kernel::SimTime;
use crate::scenario::Patch;
use crate::sim::{RunOptions, Simulation};
use crate::trace::Record;
use crate::trace::export::CsvWriter;

/// A simulation, and what is still to be changed on its way.
pub(super) struct Again {
    pub(super) simulation: Simulation,
    forks: Vec<(SimTime, Patch)>,
    recorded: Option<CsvWriter<Same>>,
}

impl Again {
    /// The run that `paths` name, at its beginning; `None` when a scenario has errors, which are printed.
    pub(super) fn new(
        paths: &[PathBuf],
        options: &RunOptions,
        printer: &mut Printer,
    ) -> Result<Option<Self>, String> {
        if let [dir] = paths
            && dir.join(inputs::FILE).is_file()
        {
            return Self::of_finished(dir, options.explain.clone(), printer);
        }
        let Some(scenario) = run::load(paths, printer, true) else { return Ok(None) };
        Ok(Some(Self::of(Simulation::new(&scenario, options), Vec::new())))
    }

    /// A run at its beginning with changes on its way, in order of time.
    pub(super) fn of(simulation: Simulation, forks: Vec<(SimTime, Patch)>) -> Self {
        Self { simulation, forks, recorded: None }
    }

    fn of_finished(dir: &Path, explain: Explain, printer: &mut Printer) -> Result<Option<Self>, String> {
        let inputs = Inputs::read(dir)?;
        let Some(scenario) = inputs.scenario(printer) else { return Ok(None) };
        let Some(forks) = inputs.forks(&scenario, printer) else { return Ok(None) };
        let options = run::options(&inputs.args(&super::args::RunArgs::usual()))?;
        let simulation = Simulation::new(&scenario, &RunOptions { explain, ..options });
        let recorded = File::open(dir.join("trace.csv")).ok();
        let recorded = recorded.map(|file| CsvWriter::new(Same { recorded: BufReader::new(file) }));
        Ok(Some(Self { simulation, forks, recorded }))
    }

    /// From here on it is another run, which nobody recorded.
    pub(super) fn leave_the_record(&mut self) {
        self.recorded = None;
    }

    /// Goes on up to and including `until`.
    ///
    /// # Errors
    /// When the run stops early, or is not the recorded one.
    pub(super) fn run_until(&mut self, until: SimTime, sink: &mut dyn FnMut(&Record)) -> Result<(), String> {
        let Self { simulation, forks, recorded } = self;
        let mut differs = Ok(());
        let mut take = |record: &Record| {
            if let (Some(recorded), Ok(())) = (recorded.as_mut(), &differs) {
                differs = recorded.write(record);
            }
            sink(record);
        };
        let due = forks.iter().take_while(|(at, _)| *at <= until).count();
        for (at, patch) in forks.drain(..due) {
            simulation.run_until(at, &mut take).map_err(|error| error.to_string())?;
            simulation.world.graft(&patch);
        }
        simulation.run_until(until, &mut take).map_err(|error| error.to_string())?;
        if let (Some(recorded), Ok(())) = (recorded.as_mut(), &differs) {
            differs = recorded.sync().map(|_| ());
        }
        differs
            .map_err(|_| "the run done again is not the recorded one: its files have been changed".to_owned())
    }
}

/// Takes nothing but the bytes that a file has.
struct Same {
    recorded: BufReader<File>,
}

impl Write for Same {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut there = vec![0; bytes.len()];
        self.recorded.read_exact(&mut there)?;
        if there == bytes { Ok(bytes.len()) } else { Err(io::ErrorKind::InvalidData.into()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
