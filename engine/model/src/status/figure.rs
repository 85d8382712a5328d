//! One figure: what is known or why it is not, who said it, and how old it is.

use serde::Serialize;

/// Why a figure is not known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", content = "why", rename_all = "snake_case")]
pub enum Unknown {
    /// It was looked for, and could not be seen. That is neither well nor down.
    NotSeen(String),
    /// Nothing in this version collects it, or nothing is there to ask.
    NotCollected(String),
}

impl Unknown {
    /// Why, in words.
    #[must_use]
    pub fn why(&self) -> &str {
        let (Self::NotSeen(why) | Self::NotCollected(why)) = self;
        why
    }

    /// Whether somebody looked and did not see: that is trouble, and the other is a limit of this version.
    #[must_use]
    pub fn is_trouble(&self) -> bool {
        matches!(self, Self::NotSeen(_))
    }
}

/// What a figure is, or why nobody knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Figure<T> {
    value: Option<T>,
    unknown: Option<Unknown>,
    source: String,
    age_seconds: Option<u64>,
}

/// A figure that somebody needed and that is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// Which figure, in words.
    pub what: &'static str,
    /// Why it is not known.
    pub why: Unknown,
}

impl<T> Default for Figure<T> {
    /// Nobody asked.
    fn default() -> Self {
        Self::not_collected("this version does not collect it")
    }
}

impl<T> Figure<T> {
    /// A figure that was seen now.
    pub fn seen(source: impl Into<String>, value: T) -> Self {
        Self::seen_before(source, value, 0)
    }

    /// A figure that is so many seconds old.
    pub fn seen_before(source: impl Into<String>, value: T, age_seconds: u64) -> Self {
        Self {
            value: Some(value),
            unknown: None,
            source: source.into(),
            age_seconds: Some(age_seconds),
        }
    }

    /// A figure that was looked for and not seen.
    pub fn not_seen(source: impl Into<String>, why: impl Into<String>) -> Self {
        Self {
            value: None,
            unknown: Some(Unknown::NotSeen(why.into())),
            source: source.into(),
            age_seconds: None,
        }
    }

    /// A figure that nothing collects.
    pub fn not_collected(why: impl Into<String>) -> Self {
        Self {
            value: None,
            unknown: Some(Unknown::NotCollected(why.into())),
            source: String::new(),
            age_seconds: None,
        }
    }

    /// A figure that its source may say or not; `why` says why not.
    pub fn said(source: &str, value: Option<T>, age_seconds: u64, why: &str) -> Self {
        match value {
            Some(value) => Self::seen_before(source, value, age_seconds),
            None => Self::not_seen(source, why),
        }
    }

    /// The value, if it is known.
    pub fn known(&self) -> Option<&T> {
        self.value.as_ref()
    }

    /// Why it is not known; `None` if it is.
    pub fn unknown(&self) -> Option<&Unknown> {
        self.unknown.as_ref()
    }

    /// Who said it.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// How old it is.
    #[must_use]
    pub fn age_seconds(&self) -> Option<u64> {
        self.age_seconds
    }

    /// The value, for who cannot do without it; `what` names the figure.
    pub fn need(&self, what: &'static str) -> Result<&T, Missing> {
        match (&self.value, &self.unknown) {
            (Some(value), _) => Ok(value),
            (None, why) => Err(Missing {
                what,
                why: why
                    .clone()
                    .unwrap_or_else(|| Unknown::NotCollected("nobody asked".to_owned())),
            }),
        }
    }

    /// A figure of the same source and age that follows from this one.
    pub fn map<U>(&self, follow: impl FnOnce(&T) -> U) -> Figure<U> {
        Figure {
            value: self.value.as_ref().map(follow),
            unknown: self.unknown.clone(),
            source: self.source.clone(),
            age_seconds: self.age_seconds,
        }
    }

    /// A figure that follows from two: as old as the older one, and not known where one of them is not.
    pub fn join<U, V>(&self, other: &Figure<U>, follow: impl FnOnce(&T, &U) -> V) -> Figure<V> {
        let source = format!("{} and {}", self.source, other.source);
        match (&self.value, &other.value) {
            (Some(one), Some(two)) => Figure {
                value: Some(follow(one, two)),
                unknown: None,
                source,
                age_seconds: self.age_seconds.max(other.age_seconds),
            },
            (None, _) => self.lacking(),
            (_, None) => other.lacking(),
        }
    }

    /// Another figure that is not known for the reason of this one.
    fn lacking<V>(&self) -> Figure<V> {
        Figure {
            value: None,
            unknown: self.unknown.clone(),
            source: self.source.clone(),
            age_seconds: self.age_seconds,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_known_or_says_why_not() {
        let seen = Figure::seen_before("guard", 7_u64, 4);
        let json = serde_json::to_value(&seen).unwrap();
        let expected = serde_json::json!({
            "value": 7, "unknown": null, "source": "guard", "age_seconds": 4
        });
        assert_eq!(json, expected);
        let lost: Figure<u64> = Figure::not_seen("guard", "it is silent");
        let json = serde_json::to_value(&lost).unwrap();
        assert_eq!(json["value"], serde_json::Value::Null);
        assert_eq!(
            json["unknown"],
            serde_json::json!({ "kind": "not_seen", "why": "it is silent" })
        );
        let missing = lost.need("peers").unwrap_err();
        assert_eq!((missing.what, missing.why.is_trouble()), ("peers", true));
        let never = Figure::<u64>::default().need("speed").unwrap_err();
        assert!(!never.why.is_trouble());
    }

    #[test]
    fn what_follows_from_two_is_as_old_as_the_older_and_as_unknown() {
        let (local, network) = (
            Figure::seen_before("guard", 5_u64, 9),
            Figure::seen("chain", 8_u64),
        );
        let behind = network.join(&local, |network, local| network - local);
        assert_eq!((behind.known(), behind.age_seconds()), (Some(&3), Some(9)));
        let lost: Figure<u64> = Figure::not_seen("chain", "no answer");
        for unknown in [
            lost.join(&local, |a, b| a + b),
            local.join(&lost, |a, b| a + b),
        ] {
            assert_eq!(unknown.known(), None);
            assert_eq!(unknown.unknown().map(Unknown::why), Some("no answer"));
        }
    }
}
