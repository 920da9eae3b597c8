//! Tests of the whole simulator, through its public interface.

mod control_timelines;
