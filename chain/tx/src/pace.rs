//! How long a wait may last, and how often it looks.

use std::time::Duration;

/// Time between two words about how far a wait is.
pub const SAY_EVERY: Duration = Duration::from_secs(2);

/// How long and how often to look.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Longest wait.
    pub wait: Duration,
    /// Time between two looks at first.
    pub poll: Duration,
}

/// A wait is looked at more rarely by its poll for each such time that it has lasted, down to a [`RARELY`]th: public
/// endpoints count calls by the day.
const RARER_EVERY: Duration = Duration::from_mins(5);
const RARELY: u32 = 15;

impl Pace {
    /// Time until the next look, after so much time of waiting.
    #[must_use]
    pub fn pause(self, waited: Duration) -> Duration {
        let minutes = waited.as_secs() / RARER_EVERY.as_secs();
        let times = u32::try_from(minutes).unwrap_or(RARELY).saturating_add(1);
        self.poll * times.min(RARELY)
    }
}
