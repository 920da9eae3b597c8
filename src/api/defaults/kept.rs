//! Kinds that are only kept: what is given as text in a Secret is stored as data.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use super::Defaults;
use crate::api::kept::Secret;

impl Defaults for Secret {
    fn is_complete(&self) -> bool {
        self.content.at(&["type"]).is_some() && self.content.at(&["stringData"]).is_none()
    }

    fn fill(&mut self) {
        let content = &mut self.content.0;
        content.entry("type").or_insert_with(|| "Opaque".into());
        let Some(Value::Object(texts)) = content.shift_remove("stringData") else { return };
        let data = content.entry("data").or_insert_with(|| Map::new().into());
        let Value::Object(data) = data else { return };
        for (key, text) in texts {
            data.insert(key, STANDARD.encode(text.as_str().unwrap_or_default()).into());
        }
    }
}
