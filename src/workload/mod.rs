//! What runs inside containers: models of programs, and the instances that containers run.
//!
//! The container runtime meets a program through [`AppInstance`] and through nothing else.

pub mod instance;
pub mod model;
pub mod server;

pub use instance::{Answer, AppInstance, Exit, Question};
pub use model::{
    AppModel, Apps, CallRule, ExecRule, ExitRule, HttpRule, Matcher, OnSignal, RetryRule, ScriptedRun,
};
pub use server::{Admission, Desk, SharedCpu};
