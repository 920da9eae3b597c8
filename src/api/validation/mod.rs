//! stub
use super::{ApiError, Object};
pub(super) fn check_create(_object: &Object) -> Result<(), ApiError> {
    Ok(())
}
pub(super) fn check_update(_old: &Object, _new: &Object) -> Result<(), ApiError> {
    Ok(())
}
