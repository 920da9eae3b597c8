//! What runs inside containers: models of programs, and the instances that containers run.
//!
//! The container runtime meets a program through [`AppInstance`] and through nothing else.

pub mod instance;
pub mod model;

pub use instance::{Answer, AppInstance, Exit, Question};
pub use model::{AppModel, Apps, ExecRule, ExitRule, HttpRule, Matcher, OnSignal, ScriptedRun, glob};
