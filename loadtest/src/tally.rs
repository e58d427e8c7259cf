//! What was counted: commands, answers, deliveries and the time that answers took, in slices of a second that can be
//! added up over processes and rounds.

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

/// Latencies beyond this count as this; microseconds.
const LATENCY_MAX_MICROS: u64 = 600_000_000;

/// Latencies in microseconds, to three digits.
#[derive(Clone, Debug)]
pub struct Latencies(Histogram<u64>);

impl Default for Latencies {
    fn default() -> Self {
        let mut histogram = Histogram::new_with_bounds(1, LATENCY_MAX_MICROS, 3).expect("the bounds are in order");
        histogram.auto(false);
        Self(histogram)
    }
}

impl Latencies {
    pub fn record(&mut self, latency: std::time::Duration) {
        self.0.saturating_record((latency.as_micros() as u64).max(1));
    }

    pub fn add(&mut self, other: &Self) {
        // Both have the same bounds: nothing can be out of them.
        let _ = self.0.add(&other.0);
    }

    #[cfg(test)]
    fn count(&self) -> u64 {
        self.0.len()
    }

    /// Milliseconds at this share of all, 0 to 1; 0 where nothing was recorded.
    pub fn at(&self, share: f64) -> f64 {
        if self.0.is_empty() { 0.0 } else { self.0.value_at_quantile(share) as f64 / 1000.0 }
    }

    pub fn max(&self) -> f64 {
        if self.0.is_empty() { 0.0 } else { self.0.max() as f64 / 1000.0 }
    }

    pub fn clear(&mut self) {
        self.0.reset();
    }
}

/// As pairs of a value and how often it was there.
impl Serialize for Latencies {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter_recorded().map(|step| (step.value_iterated_to(), step.count_at_value())))
    }
}

impl<'de> Deserialize<'de> for Latencies {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut latencies = Self::default();
        for (value, count) in Vec::<(u64, u64)>::deserialize(deserializer)? {
            latencies.0.saturating_record_n(value, count);
        }
        Ok(latencies)
    }
}

/// What happened in one slice of time.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Tally {
    /// Commands sent.
    pub sent: u64,
    /// Commands answered, refusals included.
    pub answered: u64,
    pub refused: u64,
    /// Frames received, answers included.
    pub deliveries: u64,
    pub bytes: u64,
    /// From the moment at which a command was due to its answer.
    pub latencies: Latencies,
    /// How late the commands went out: the harness's own share of the latencies.
    pub lateness: Latencies,
}

impl Tally {
    pub fn add(&mut self, other: &Self) {
        self.sent += other.sent;
        self.answered += other.answered;
        self.refused += other.refused;
        self.deliveries += other.deliveries;
        self.bytes += other.bytes;
        self.latencies.add(&other.latencies);
        self.lateness.add(&other.lateness);
    }

    /// This slice; a new one begins.
    pub fn take(&mut self) -> Self {
        let taken = self.clone();
        (self.sent, self.answered, self.refused, self.deliveries, self.bytes) = (0, 0, 0, 0, 0);
        self.latencies.clear();
        self.lateness.clear();
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn slices_add_up_also_through_json() {
        let mut whole = Tally::default();
        for n in 0..4 {
            let mut slice = Tally { sent: 25, ..Tally::default() };
            (1..=25).for_each(|i| slice.latencies.record(Duration::from_micros(n * 2500 + i * 100)));
            let text = serde_json::to_string(&slice.take()).unwrap();
            assert_eq!(slice.latencies.count(), 0);
            whole.add(&serde_json::from_str(&text).unwrap());
        }
        assert_eq!((whole.sent, whole.latencies.count()), (100, 100));
        assert!((whole.latencies.at(0.5) - 5.0).abs() < 0.01, "{}", whole.latencies.at(0.5));
        assert!((whole.latencies.max() - 10.0).abs() < 0.02);
    }
}
