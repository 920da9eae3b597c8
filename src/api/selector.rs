//! Label selectors, compiled for matching.
//!
//! Follows `k8s.io/apimachinery/pkg/labels/selector.go` and `metav1.LabelSelectorAsSelector`, v0.34: requirements are
//! joined by AND and ordered by key; `!=` and `notin` also match where the key is absent. Text is read by
//! [`Selector::parse`]; selectors on fields are in [`field`].

pub mod field;
mod parse;

use std::fmt;
use std::sync::Arc;

use super::core::{LabelSelector, SelectorOperator, SelectorRequirement};
use super::meta::Labels;
use super::names;
use crate::base::Name;

pub use field::FieldSelector;

/// Why a selector is refused; the text is for people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SelectorError {
    /// What is wrong, as Kubernetes says it.
    pub message: String,
}

impl SelectorError {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into() }
    }
}

/// Requirements on labels that must all hold. Cheap to clone; matching allocates nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selector {
    /// In key order. `None` = matches nothing at all.
    requirements: Option<Arc<[Requirement]>>,
}

/// Comparison between a label and the values of a requirement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Equals,
    DoubleEquals,
    NotEquals,
    In,
    NotIn,
    Exists,
    DoesNotExist,
    GreaterThan,
    LessThan,
}

/// One compiled requirement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Requirement {
    key: Name,
    operator: Operator,
    /// Sorted, without duplicates.
    values: Box<[Name]>,
    /// The value of `GreaterThan` and `LessThan` as a number; 0 otherwise.
    bound: i64,
}

impl Selector {
    /// Reads what `kubectl -l` takes: `a=b,c!=d,e in (f,g),h notin (),i,!j,k>5,l<7`. Empty text selects everything.
    ///
    /// # Errors
    /// When the text does not follow the grammar, or a key or value is not valid for labels.
    pub fn parse(text: &str) -> Result<Self, SelectorError> {
        parse::requirements(text).map(Self::from_requirements)
    }

    /// The selector of objects that carry all of `labels`. Unlike [`LabelSelector::compile`] this does not check them.
    pub fn from_labels(labels: &Labels) -> Self {
        let equals = |(key, value): &(Name, Name)| Requirement {
            key: key.clone(),
            operator: Operator::Equals,
            values: Box::from([value.clone()]),
            bound: 0,
        };
        Self::from_requirements(labels.iter().map(equals).collect())
    }

    /// The selector of an optional API field: absent selects nothing, empty everything.
    ///
    /// # Errors
    /// As [`LabelSelector::compile`].
    pub fn from_option(selector: Option<&LabelSelector>) -> Result<Self, SelectorError> {
        selector.map_or_else(|| Ok(Self::nothing()), LabelSelector::compile)
    }

    /// Selects every object.
    pub fn everything() -> Self {
        Self { requirements: Some(Arc::from([])) }
    }

    /// Selects no object.
    pub fn nothing() -> Self {
        Self { requirements: None }
    }

    fn from_requirements(mut requirements: Vec<Requirement>) -> Self {
        // Stable: requirements on one key keep the order in which they were written.
        requirements.sort_by(|a, b| a.key.cmp(&b.key));
        Self { requirements: Some(requirements.into()) }
    }

    /// Selects what both select.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        match (&self.requirements, &other.requirements) {
            (Some(own), Some(others)) => {
                Self::from_requirements(own.iter().chain(others.iter()).cloned().collect())
            }
            _ => Self::nothing(),
        }
    }

    /// Whether an object with these labels is selected.
    pub fn matches(&self, labels: &Labels) -> bool {
        let Some(requirements) = &self.requirements else { return false };
        requirements.iter().all(|requirement| requirement.matches(labels))
    }

    /// Whether there is no requirement, so that everything is selected.
    pub fn is_empty(&self) -> bool {
        self.requirements.as_ref().is_some_and(|requirements| requirements.is_empty())
    }

    /// Whether this is [`Selector::nothing`].
    pub fn is_nothing(&self) -> bool {
        self.requirements.is_none()
    }
}

impl Default for Selector {
    fn default() -> Self {
        Self::everything()
    }
}

impl LabelSelector {
    /// Checks and compiles this selector. An empty one selects everything.
    ///
    /// # Errors
    /// When an operator is not for labels (`Gt`, `Lt`), a number of values does not suit the operator, or a key or value
    /// is not valid.
    pub fn compile(&self) -> Result<Selector, SelectorError> {
        let mut requirements = Vec::with_capacity(self.match_labels.len() + self.match_expressions.len());
        for (key, value) in &self.match_labels {
            requirements.push(Requirement::new(key, Operator::Equals, vec![value.clone()])?);
        }
        for SelectorRequirement { key, operator, values } in &self.match_expressions {
            if matches!(operator, SelectorOperator::Gt | SelectorOperator::Lt) {
                let message = format!("\"{operator:?}\" is not a valid label selector operator");
                return Err(SelectorError::new(message));
            }
            requirements.push(Requirement::new(key, (*operator).into(), values.clone())?);
        }
        Ok(Selector::from_requirements(requirements))
    }
}

impl From<SelectorOperator> for Operator {
    fn from(operator: SelectorOperator) -> Self {
        match operator {
            SelectorOperator::In => Self::In,
            SelectorOperator::NotIn => Self::NotIn,
            SelectorOperator::Exists => Self::Exists,
            SelectorOperator::DoesNotExist => Self::DoesNotExist,
            SelectorOperator::Gt => Self::GreaterThan,
            SelectorOperator::Lt => Self::LessThan,
        }
    }
}

impl Requirement {
    /// Compiles one requirement of a node selector term, where `Gt` and `Lt` are allowed too.
    pub(super) fn of_node(requirement: &SelectorRequirement) -> Result<Self, SelectorError> {
        Self::new(&requirement.key, requirement.operator.into(), requirement.values.clone())
    }

    /// `labels.NewRequirement`: collects every problem into one message.
    fn new(key: &str, operator: Operator, values: Vec<Name>) -> Result<Self, SelectorError> {
        let mut problems = invalid("key", key, &names::qualified_name(key));
        let bound = match check_number_of_values(operator, &values) {
            Ok(bound) => bound,
            Err(problem) => {
                problems.push(problem);
                0
            }
        };
        for (at, value) in values.iter().enumerate() {
            problems.extend(invalid(&format!("values[{at}][{key}]"), value, &names::label_value(value)));
        }
        match problems.as_slice() {
            [] => {}
            [problem] => return Err(SelectorError::new(problem)),
            several => return Err(SelectorError::new(format!("[{}]", several.join(", ")))),
        }
        let mut values = values;
        values.sort();
        values.dedup();
        Ok(Self { key: key.into(), operator, values: values.into(), bound })
    }

    /// Whether an object with these labels meets the requirement.
    pub(super) fn matches(&self, labels: &Labels) -> bool {
        let label = labels.get(&self.key);
        match self.operator {
            Operator::Exists => label.is_some(),
            Operator::DoesNotExist => label.is_none(),
            Operator::In | Operator::Equals | Operator::DoubleEquals => label.is_some_and(|l| self.lists(l)),
            Operator::NotIn | Operator::NotEquals => !label.is_some_and(|l| self.lists(l)),
            Operator::GreaterThan => number(label).is_some_and(|number| number > self.bound),
            Operator::LessThan => number(label).is_some_and(|number| number < self.bound),
        }
    }

    fn lists(&self, label: &Name) -> bool {
        self.values.contains(label)
    }
}

fn number(label: Option<&Name>) -> Option<i64> {
    label?.parse().ok()
}

/// Returns the bound of `Gt` and `Lt`, 0 for other operators.
fn check_number_of_values(operator: Operator, values: &[Name]) -> Result<i64, String> {
    let list = || serde_json::to_string(values).unwrap_or_default();
    match operator {
        Operator::In | Operator::NotIn if values.is_empty() => {
            Err("values: Invalid value: []: for 'in', 'notin' operators, values set can't be empty"
                .to_owned())
        }
        Operator::Equals | Operator::DoubleEquals | Operator::NotEquals if values.len() != 1 => Err(format!(
            "values: Invalid value: {}: exact-match compatibility requires one single value",
            list()
        )),
        Operator::Exists | Operator::DoesNotExist if !values.is_empty() => Err(format!(
            "values: Invalid value: {}: values set must be empty for exists and does not exist",
            list()
        )),
        Operator::GreaterThan | Operator::LessThan => {
            let [value] = values else {
                let message = "for 'Gt', 'Lt' operators, exactly one value is required";
                return Err(format!("values: Invalid value: {}: {message}", list()));
            };
            value.parse().map_err(|_| {
                format!("values[0]: Invalid value: {value:?}: for 'Gt', 'Lt' operators, the value must be an integer")
            })
        }
        _ => Ok(0),
    }
}

fn invalid(path: &str, value: &str, messages: &[String]) -> Vec<String> {
    if messages.is_empty() {
        return Vec::new();
    }
    vec![format!("{path}: Invalid value: {value:?}: {}", messages.join("; "))]
}

impl fmt::Display for Selector {
    /// The canonical text: keys in order, values in order, no blanks but around `in` and `notin`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, requirement) in self.requirements.iter().flat_map(|all| all.iter()).enumerate() {
            write!(f, "{}{requirement}", if at == 0 { "" } else { "," })?;
        }
        Ok(())
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = &self.key;
        match self.operator {
            Operator::Exists => return write!(f, "{key}"),
            Operator::DoesNotExist => return write!(f, "!{key}"),
            Operator::Equals => write!(f, "{key}="),
            Operator::DoubleEquals => write!(f, "{key}=="),
            Operator::NotEquals => write!(f, "{key}!="),
            Operator::GreaterThan => write!(f, "{key}>"),
            Operator::LessThan => write!(f, "{key}<"),
            Operator::In => write!(f, "{key} in ("),
            Operator::NotIn => write!(f, "{key} notin ("),
        }?;
        for (at, value) in self.values.iter().enumerate() {
            write!(f, "{}{value}", if at == 0 { "" } else { "," })?;
        }
        if matches!(self.operator, Operator::In | Operator::NotIn) { f.write_str(")") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(pairs: &[(&str, &str)]) -> Labels {
        pairs.iter().copied().collect()
    }

    #[test]
    fn absent_labels_meet_negative_requirements() {
        let web = labels(&[("app", "web"), ("size", "7")]);
        for (text, expected) in [
            ("", true),
            ("app", true),
            ("!app", false),
            ("env!=prod", true),
            ("env notin (prod)", true),
            ("env in (prod)", false),
            ("size>6,size<8", true),
            ("size>7", false),
            ("app>1", false),
            ("app in (web,db),size=7", true),
        ] {
            assert_eq!(Selector::parse(text).unwrap().matches(&web), expected, "{text}");
        }
    }

    #[test]
    fn text_is_canonical() {
        let selector = Selector::parse(" z , b in (y,x,y),a==1").unwrap();
        assert_eq!(selector.to_string(), "a==1,b in (x,y),z");
    }

    #[test]
    fn nothing_and_everything() {
        let none = Labels::default();
        assert!(Selector::everything().matches(&none) && Selector::everything().is_empty());
        assert!(!Selector::nothing().matches(&none) && !Selector::nothing().is_empty());
        assert_eq!(Selector::from_option(None).unwrap(), Selector::nothing());
        assert!(LabelSelector::default().compile().unwrap().is_empty());
    }

    #[test]
    fn both_must_select() {
        let (a, b) = (Selector::parse("a").unwrap(), Selector::parse("b=1").unwrap());
        assert_eq!(b.and(&a).to_string(), "a,b=1");
        assert!(a.and(&Selector::nothing()).is_nothing());
        assert_eq!(a.and(&Selector::everything()), a);
    }

    #[test]
    fn labels_select_their_supersets() {
        let selector = Selector::from_labels(&labels(&[("a", "1"), ("b", "2")]));
        assert!(selector.matches(&labels(&[("a", "1"), ("b", "2"), ("c", "3")])));
        assert!(!selector.matches(&labels(&[("a", "1")])));
    }

    #[test]
    fn values_must_suit_the_operator() {
        let expression = |operator, values: &[&str]| LabelSelector {
            match_expressions: vec![SelectorRequirement {
                key: "k".into(),
                operator,
                values: values.iter().map(|v| (*v).into()).collect(),
            }],
            ..LabelSelector::default()
        };
        for (operator, values) in [
            (SelectorOperator::In, &[][..]),
            (SelectorOperator::Exists, &["x"]),
            (SelectorOperator::Gt, &["1"]),
            (SelectorOperator::NotIn, &["not valid"]),
        ] {
            assert!(expression(operator, values).compile().is_err(), "{operator:?} {values:?}");
        }
    }
}
