//! All runs of a bench (workloads x policies x seeds), and their means.

use std::fmt::Write as _;

use super::openb::{NodeRow, Workload};
use super::replay::{LOAD_MAX, Metric, Outcome, replay};
use crate::base::parallel;
use crate::control::scheduler::ConfigError;
use crate::control::scheduler::policies::Policy;

/// What is to be run.
#[derive(Clone, Debug)]
pub struct Bench {
    /// The machines.
    pub nodes: Vec<NodeRow>,
    /// The lists of pods.
    pub workloads: Vec<Workload>,
    /// The policies.
    pub policies: Vec<Policy>,
    /// The seeds; one run each.
    pub seeds: Vec<u64>,
}

/// A mean and how far single runs are from it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mean {
    /// The mean.
    pub mean: f64,
    /// The sample standard deviation; 0 for a single run.
    pub sd: f64,
    /// How many runs.
    pub runs: usize,
}

impl Mean {
    /// Of some runs; `None` of none.
    pub fn of(values: &[f64]) -> Option<Self> {
        let runs = values.len();
        let mean = values.iter().sum::<f64>() / runs as f64;
        let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
        let sd = if runs > 1 { (squares / (runs - 1) as f64).sqrt() } else { 0.0 };
        (runs > 0).then_some(Self { mean, sd, runs })
    }
}

/// The outcomes of all runs.
#[derive(Clone, Debug)]
pub struct Results {
    /// What was run.
    pub bench: Bench,
    /// By workload, policy and seed, in this order.
    outcomes: Vec<Outcome>,
}

impl Bench {
    /// How many runs there are.
    pub fn runs(&self) -> usize {
        self.workloads.len() * self.policies.len() * self.seeds.len()
    }

    /// Does all runs on `jobs` threads; `done` is told after each.
    ///
    /// # Errors
    /// When a policy refuses a workload.
    pub fn run(self, jobs: usize, done: impl Fn() + Sync) -> Result<Results, ConfigError> {
        let one = |run: usize| {
            let (run, seed) = (run / self.seeds.len(), self.seeds[run % self.seeds.len()]);
            let policy = self.policies[run % self.policies.len()];
            replay(&self.nodes, &self.workloads[run / self.policies.len()], policy, seed)
        };
        let outcomes = parallel::map(jobs, self.runs(), one, done).into_iter().collect::<Result<_, _>>()?;
        Ok(Results { outcomes, bench: self })
    }
}

impl Results {
    /// The runs of a workload (by its place) under a policy (by its place), by seed.
    pub fn runs(&self, workload: usize, policy: usize) -> &[Outcome] {
        let seeds = self.bench.seeds.len();
        &self.outcomes[(workload * self.bench.policies.len() + policy) * seeds..][..seeds]
    }

    /// The mean over seeds at a load.
    pub fn mean(&self, workload: usize, policy: usize, metric: Metric, load: usize) -> Option<Mean> {
        let at_load = |run: &Outcome| *run.series[metric as usize].get(load)?;
        Mean::of(&self.runs(workload, policy).iter().filter_map(at_load).collect::<Vec<_>>())
    }

    /// The mean over seeds of something at the end.
    pub fn mean_at_end(&self, workload: usize, policy: usize, value: impl Fn(&Outcome) -> f64) -> Mean {
        let values: Vec<f64> = self.runs(workload, policy).iter().map(value).collect();
        Mean::of(&values).expect("there is a run")
    }

    /// Every mean as CSV, in the form of the published table: `metric,workload,policy,load_percent,mean,sd,seeds`.
    pub fn means_csv(&self) -> String {
        let mut text = "metric,workload,policy,load_percent,mean,sd,seeds\n".to_owned();
        for metric in Metric::ALL {
            for (at, workload) in self.bench.workloads.iter().enumerate() {
                for (policy_at, policy) in self.bench.policies.iter().enumerate() {
                    for load in 1..=LOAD_MAX {
                        let Some(Mean { mean, sd, runs }) = self.mean(at, policy_at, metric, load) else {
                            continue;
                        };
                        let (metric, workload) = (metric.name(), &workload.name);
                        let _ =
                            writeln!(text, "{metric},{workload},{policy},{load},{mean:.3},{sd:.3},{runs}");
                    }
                }
            }
        }
        text
    }

    /// One row a run as CSV: what the cluster was like after the last pod.
    pub fn runs_csv(&self) -> String {
        let mut text = "workload,policy,seed,pods,unschedulable,nodes_used,gpu_allocated_percent,\
                        cpu_allocated_percent,memory_allocated_percent,gpu_stranded_percent,\
                        cpu_stranded_percent,memory_stranded_percent,fragment_gpus,power_kw\n"
            .to_owned();
        for (at, workload) in self.bench.workloads.iter().enumerate() {
            for (policy_at, policy) in self.bench.policies.iter().enumerate() {
                for (seed, run) in self.bench.seeds.iter().zip(self.runs(at, policy_at)) {
                    let of = |name: &str| run.end.resource(name).cloned().unwrap_or_default();
                    let (gpu, cpu, memory) = (of("gpu"), of("cpu"), of("memory"));
                    let _ = writeln!(
                        text,
                        "{},{policy},{seed},{},{},{},{:.3},{:.3},{:.3},{:.3},{:.3},{:.3},{:.2},{:.3}",
                        workload.name,
                        run.pods,
                        run.unschedulable,
                        run.end.nodes_used,
                        gpu.allocated_percent(),
                        cpu.allocated_percent(),
                        memory.allocated_percent(),
                        gpu.stranded_percent(),
                        cpu.stranded_percent(),
                        memory.stranded_percent(),
                        run.end.fragments / 1000.0,
                        run.end.watts as f64 / 1000.0,
                    );
                }
            }
        }
        text
    }
}
