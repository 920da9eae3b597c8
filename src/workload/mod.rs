//! What runs inside containers: models of programs, and the instances that containers run.
//!
//! The container runtime meets a program through [`AppInstance`] and through nothing else.

mod command;
pub mod cpu;
pub mod instance;
pub mod model;
pub mod server;
pub mod shell;
pub mod usage;

pub use cpu::{CpuShare, Quota};
pub use instance::{Answer, AppInstance, Exit, Question, RequestChange, Surroundings};
pub use model::{
    AppModel, Apps, CallRule, ExecRule, ExitRule, HealthRule, HealthStatus, HttpRule, LastWords, Matcher,
    OnSignal, RetryRule, ScriptedRun, glob,
};
pub use server::{Admission, CpuRoom, Crowd, Desk, ProcessId, RequestLoad, SharedCpu};
pub use usage::Growth;
