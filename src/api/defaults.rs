//! stub
pub fn apply_defaults(_object: &mut super::Object) {}
