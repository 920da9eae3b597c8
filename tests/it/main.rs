//! Tests of the whole: one binary, one module a topic.

mod node_exits;
mod node_lifecycle;
mod node_machines;
mod node_probes;
mod node_properties;
mod scenarios;
mod timeline;
