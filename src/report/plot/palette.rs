//! Colours and textures.
//!
//! The hues are those of Okabe and Ito, which readers with any common colour vision tell apart. Since grey print loses
//! hue, every state also differs from its neighbours in height or texture.

use super::scene::{Area, Color, Scene};
use crate::report::{NodeState, PodState};

pub(super) const PAPER: Color = Color(255, 255, 255);
pub(super) const INK: Color = Color(27, 31, 36);
pub(super) const FAINT_INK: Color = Color(87, 96, 106);
pub(super) const GRID: Color = Color(229, 231, 235);
pub(super) const AXIS: Color = Color(156, 163, 175);
pub(super) const FAULT: Color = Color(168, 50, 0);
pub(super) const FAULT_BAND: Color = Color(252, 240, 232);
pub(super) const MISSED: Color = Color(136, 34, 102);
pub(super) const GREEN: Color = Color(0, 158, 115);
pub(super) const LIGHT_GREEN: Color = Color(176, 225, 210);
pub(super) const BLUE: Color = Color(0, 114, 178);
pub(super) const LIGHT_BLUE: Color = Color(190, 220, 240);
pub(super) const SKY: Color = Color(86, 180, 233);
pub(super) const ORANGE: Color = Color(230, 159, 0);
pub(super) const LIGHT_ORANGE: Color = Color(250, 227, 172);
pub(super) const VERMILION: Color = Color(213, 94, 0);
pub(super) const LIGHT_VERMILION: Color = Color(251, 226, 207);
pub(super) const PURPLE: Color = Color(204, 121, 167);
pub(super) const GREY: Color = Color(150, 156, 164);

/// How a bar is filled, beside its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::report) enum Texture {
    Solid,
    /// Only an outline.
    Hollow,
    /// A light line along the middle.
    Stripe,
    /// Light slanted lines.
    Hatch,
}

/// The look of a state: colour, texture, and its height as a part of the lane's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::report) struct Look {
    pub(in crate::report) color: Color,
    pub(in crate::report) texture: Texture,
    pub(in crate::report) height: f64,
}

impl Look {
    /// The colour as a style sheet writes it; `ink` for the colour of text, which a dark page turns light.
    pub(in crate::report) fn css_color(&self) -> String {
        let Color(red, green, blue) = self.color;
        if self.color == INK { "ink".to_owned() } else { format!("#{red:02x}{green:02x}{blue:02x}") }
    }
}

const fn look(color: Color, texture: Texture, height: f64) -> Look {
    Look { color, texture, height }
}

pub(in crate::report) fn pod_look(state: PodState) -> Look {
    match state {
        PodState::Pending => look(GREY, Texture::Hollow, 0.5),
        PodState::Pulling => look(SKY, Texture::Solid, 0.5),
        PodState::Starting => look(BLUE, Texture::Solid, 0.5),
        PodState::NotReady => look(ORANGE, Texture::Stripe, 1.0),
        PodState::Ready => look(GREEN, Texture::Solid, 1.0),
        PodState::BackOff => look(VERMILION, Texture::Hatch, 1.0),
        PodState::Terminating => look(GREY, Texture::Hatch, 0.5),
        PodState::Succeeded => look(PURPLE, Texture::Solid, 0.25),
        PodState::Failed => look(INK, Texture::Solid, 1.0),
        PodState::Gone => look(PAPER, Texture::Solid, 0.0),
    }
}

pub(in crate::report) fn node_look(state: NodeState) -> Look {
    match state {
        NodeState::Ready => look(GREEN, Texture::Solid, 1.0),
        NodeState::Cordoned => look(SKY, Texture::Stripe, 1.0),
        NodeState::NotReady => look(ORANGE, Texture::Stripe, 1.0),
        NodeState::Unknown => look(VERMILION, Texture::Hatch, 1.0),
        NodeState::Down => look(INK, Texture::Solid, 1.0),
        NodeState::Gone => look(PAPER, Texture::Solid, 0.0),
    }
}

/// Draws a bar of a state from `left` to `right`, centred in a lane of `height` pixels from `top`.
pub(super) fn bar(scene: &mut Scene, look: Look, left: f64, right: f64, top: f64, height: f64) {
    let own_height = height * look.height;
    let own_top = top + (height - own_height) / 2.0;
    // A state that is passed in less than a pixel is still seen.
    let width = (right - left).max(1.0);
    if own_height <= 0.0 {
        return;
    }
    scene.rect(left, own_top, width, own_height, look.color);
    match look.texture {
        Texture::Hollow if width > 3.0 => {
            scene.rect(left + 1.0, own_top + 1.0, width - 2.0, own_height - 2.0, PAPER);
        }
        Texture::Solid | Texture::Hollow => {}
        Texture::Stripe => {
            scene.rect(left, own_top + own_height / 2.0 - 1.0, width, 2.0, PAPER);
        }
        Texture::Hatch => hatch(scene, Area { x: left, y: own_top, width, height: own_height }, PAPER),
    }
}

/// Slanted lines across a rectangle, cut off at its edges.
fn hatch(scene: &mut Scene, area: Area, color: Color) {
    const PITCH: f64 = 6.0;
    const SLANT: f64 = 0.5;
    // The lines hang on a grid of the whole picture, so that neighbouring bars look alike.
    let first = (area.x / PITCH - area.height * SLANT / PITCH).ceil() as i64;
    let last = (area.right() / PITCH).floor() as i64;
    for index in first..=last {
        let foot = index as f64 * PITCH;
        let (from, to) = (foot.max(area.x), (foot + area.height * SLANT).min(area.right()));
        if from < to {
            let y = |x: f64| area.bottom() - (x - foot) / SLANT;
            scene.line([(from, y(from)), (to, y(to))], color, 1.0);
        }
    }
}

/// A gap: a light area with dark slanted lines.
pub(super) fn gap(scene: &mut Scene, area: Area) {
    scene.rect(area.x, area.y, area.width, area.height, LIGHT_VERMILION);
    hatch(scene, area, VERMILION);
}
