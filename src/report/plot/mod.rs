//! Pictures of a run: the pod timeline, replicas, nodes; each as SVG and as PNG.
//!
//! A picture is laid out as a [`Scene`] first, with text measured by a font inside the program, and then drawn through
//! plotters. Plotters is named in `render` and `font` only.

mod axis;
mod curves;
mod font;
mod frame;
mod lines;
mod mark_labels;
mod nodes;
mod palette;
mod pods;
mod render;
mod replicas;
mod scene;
mod study;
mod traffic;

pub use curves::{Bar, Captions, Curve, bars, curves};
pub use lines::{Line, capacity, lines};
pub use nodes::nodes;
pub use pods::pods;
pub use render::{PlotError, png, svg};
pub use replicas::replicas;
pub use scene::{Anchor, Area, Color, Scene, Shape, Text};
pub use study::{Effect, Heading, distributions, heat_map, tornado};
pub use traffic::traffic;

pub(super) use axis::{brief, tick_step};
pub(super) use palette::{Look, Texture, node_look, pod_look};
pub(super) use pods::grouped;
pub(super) use replicas::percent_text;
