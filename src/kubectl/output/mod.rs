//! `-o`: the forms in which objects are shown.

mod columns;
mod json;
mod jsonpath;
mod scalar;
mod tidy;
mod yaml;

use crate::api::Object;

use super::error::UsageError;
use super::resource::kind_with_group;

pub use columns::CustomColumns;
pub use json::{to_json, to_json_line};
pub use jsonpath::{JsonPath, JsonPathError};
pub use tidy::to_value;
pub use yaml::to_yaml;

/// The argument of `-o`.
#[derive(Clone, Debug, PartialEq, Default)]
pub enum OutputFormat {
    /// None: a table.
    #[default]
    Table,
    /// `wide`: a table with more columns.
    Wide,
    /// `name`: kind and name.
    Name,
    /// `yaml`.
    Yaml,
    /// `json`.
    Json,
    /// `jsonpath=...`.
    JsonPath(JsonPath),
    /// `jsonpath-as-json=...`.
    JsonPathAsJson(JsonPath),
    /// `custom-columns=...`.
    CustomColumns(CustomColumns),
}

/// The words that kubectl knows after `-o`.
const WORDS: &[&str] = &["custom-columns", "json", "jsonpath", "jsonpath-as-json", "name", "wide", "yaml"];

/// Words that would read a file, or run a Go template.
const NOT_SIMULATED: &[&str] =
    &["custom-columns-file", "go-template", "go-template-file", "jsonpath-file", "template", "templatefile"];

impl OutputFormat {
    /// Reads what stands behind `-o`.
    pub fn parse(text: &str) -> Result<Self, UsageError> {
        let (word, argument) = match text.split_once('=') {
            Some((word, argument)) => (word, Some(argument)),
            None => (text, None),
        };
        let template = || {
            let given = argument.filter(|template| !template.is_empty());
            given.ok_or_else(|| UsageError::new("template format specified but no template given"))
        };
        let jsonpath = || JsonPath::parse(template()?).map_err(|error| UsageError::new(error.to_string()));
        match (word, argument) {
            ("", None) => Ok(Self::Table),
            ("wide", None) => Ok(Self::Wide),
            ("name", None) => Ok(Self::Name),
            ("yaml", None) => Ok(Self::Yaml),
            ("json", None) => Ok(Self::Json),
            ("jsonpath", _) => jsonpath().map(Self::JsonPath),
            ("jsonpath-as-json", _) => jsonpath().map(Self::JsonPathAsJson),
            ("custom-columns", _) => {
                CustomColumns::parse(argument.unwrap_or_default()).map(Self::CustomColumns)
            }
            _ if NOT_SIMULATED.contains(&word) => {
                Err(UsageError::new(format!("kubectl's output format {word} is not simulated")))
            }
            _ => Err(UsageError::new(format!(
                "unable to match a printer suitable for the output format {text:?}, allowed formats are: {}",
                WORDS.join(",")
            ))
            .suggesting(word, WORDS.iter().copied(), "-o ")),
        }
    }

    /// One object in a form that is no table.
    pub fn one(&self, object: &Object) -> Result<String, JsonPathError> {
        let tree = to_value(object);
        match self {
            Self::Table | Self::Wide => Ok(String::new()),
            Self::Name => Ok(format!("{}/{}\n", kind_with_group(object.kind()), object.metadata().name)),
            Self::Yaml => Ok(to_yaml(&tree)),
            Self::Json => Ok(to_json(&tree)),
            Self::JsonPath(path) => path.render(&tree),
            Self::JsonPathAsJson(path) => path.render_as_json(&tree),
            Self::CustomColumns(columns) => columns.render(&[tree], true),
        }
    }

    /// Whether objects become rows.
    pub fn is_table(&self) -> bool {
        matches!(self, Self::Table | Self::Wide)
    }
}

#[cfg(test)]
mod tests {
    use super::OutputFormat;

    #[test]
    fn words() {
        for (text, expected) in
            [("", OutputFormat::Table), ("wide", OutputFormat::Wide), ("yaml", OutputFormat::Yaml)]
        {
            assert_eq!(OutputFormat::parse(text).unwrap(), expected, "{text}");
        }
        assert!(matches!(OutputFormat::parse("jsonpath={.a}").unwrap(), OutputFormat::JsonPath(_)));
        assert!(matches!(
            OutputFormat::parse("custom-columns=N:.a").unwrap(),
            OutputFormat::CustomColumns(_)
        ));
    }

    #[test]
    fn refusals() {
        let message = |text| OutputFormat::parse(text).unwrap_err().to_string();
        assert_eq!(message("jsonpath"), "template format specified but no template given");
        assert_eq!(message("jsonpath={.a"), "error parsing jsonpath {.a, unclosed action");
        assert!(message("yml").ends_with("did you mean `-o yaml`?"), "{}", message("yml"));
        assert_eq!(message("go-template=x"), "kubectl's output format go-template is not simulated");
    }
}
