//! Where the process's numbers are kept until somebody asks for them. Counters and gauges are the exporter's. Histograms are
//! kept here, as counts by bucket: what they take does not grow with what is recorded, and many equal samples are
//! one addition.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use metrics::{Counter, Gauge, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder, SharedString, Unit};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle, PrometheusRecorder};

/// Upper ends of the buckets of histograms whose names end in `_seconds`.
pub const BUCKETS_SECONDS: [f64; 19] = [
    0.000_002, 0.000_005, 0.000_01, 0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01,
    0.025, 0.05, 0.1, 0.25, 1.0, 4.0, 16.0,
];
/// Upper ends of the buckets of all other histograms, which count things.
pub const BUCKETS_COUNT: [f64; 13] =
    [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0, 4096.0, 16384.0];

/// The recorder of a process.
pub struct Numbers {
    plain: PrometheusRecorder,
    histograms: Arc<Histograms>,
}

/// Reads what is recorded. Clones read the same.
#[derive(Clone)]
pub struct Reading {
    plain: PrometheusHandle,
    histograms: Arc<Histograms>,
}

type ByLabels = BTreeMap<String, Arc<Buckets>>;

#[derive(Default)]
struct Histograms {
    by_name: Mutex<BTreeMap<String, ByLabels>>,
    help: Mutex<BTreeMap<String, SharedString>>,
}

/// One histogram.
#[derive(Debug)]
struct Buckets {
    ends: &'static [f64],
    /// Samples of each bucket alone; the last is for what lies beyond all ends.
    counts: Vec<AtomicU64>,
    /// The bits of a floating-point sum.
    sum: AtomicU64,
}

impl Numbers {
    pub fn new() -> (Self, Reading) {
        let plain = PrometheusBuilder::new().build_recorder();
        let histograms = Arc::<Histograms>::default();
        let reading = Reading { plain: plain.handle(), histograms: histograms.clone() };
        (Self { plain, histograms }, reading)
    }
}

impl Recorder for Numbers {
    fn describe_counter(&self, key: KeyName, unit: Option<Unit>, description: SharedString) {
        self.plain.describe_counter(key, unit, description);
    }

    fn describe_gauge(&self, key: KeyName, unit: Option<Unit>, description: SharedString) {
        self.plain.describe_gauge(key, unit, description);
    }

    fn describe_histogram(&self, key: KeyName, _unit: Option<Unit>, description: SharedString) {
        lock(&self.histograms.help).insert(key.as_str().to_owned(), description);
    }

    fn register_counter(&self, key: &Key, metadata: &Metadata<'_>) -> Counter {
        self.plain.register_counter(key, metadata)
    }

    fn register_gauge(&self, key: &Key, metadata: &Metadata<'_>) -> Gauge {
        self.plain.register_gauge(key, metadata)
    }

    fn register_histogram(&self, key: &Key, _metadata: &Metadata<'_>) -> Histogram {
        let ends: &'static [f64] = if key.name().ends_with("_seconds") { &BUCKETS_SECONDS } else { &BUCKETS_COUNT };
        let mut by_name = lock(&self.histograms.by_name);
        let of_name = by_name.entry(key.name().to_owned()).or_default();
        Histogram::from_arc(of_name.entry(labels(key)).or_insert_with(|| Arc::new(Buckets::new(ends))).clone())
    }
}

impl Reading {
    /// Everything in the text format of Prometheus.
    pub fn render(&self) -> String {
        let mut text = self.plain.render();
        let help = lock(&self.histograms.help);
        for (name, by_labels) in &*lock(&self.histograms.by_name) {
            if let Some(help) = help.get(name) {
                let _ = writeln!(text, "# HELP {name} {help}");
            }
            let _ = writeln!(text, "# TYPE {name} histogram");
            for (labels, buckets) in by_labels {
                buckets.render(name, labels, &mut text);
            }
            text.push('\n');
        }
        text
    }
}

impl Buckets {
    fn new(ends: &'static [f64]) -> Self {
        Self { ends, counts: (0..=ends.len()).map(|_| AtomicU64::new(0)).collect(), sum: AtomicU64::new(0) }
    }

    fn render(&self, name: &str, labels: &str, text: &mut String) {
        let comma = if labels.is_empty() { "" } else { "," };
        let mut total = 0;
        for (nth, count) in self.counts.iter().enumerate() {
            total += count.load(Ordering::Relaxed);
            let end = self.ends.get(nth).map_or("+Inf".to_owned(), ToString::to_string);
            let _ = writeln!(text, "{name}_bucket{{{labels}{comma}le=\"{end}\"}} {total}");
        }
        let braced = if labels.is_empty() { String::new() } else { format!("{{{labels}}}") };
        let sum = f64::from_bits(self.sum.load(Ordering::Relaxed));
        let _ = writeln!(text, "{name}_sum{braced} {sum}\n{name}_count{braced} {total}");
    }
}

impl HistogramFn for Buckets {
    fn record(&self, value: f64) {
        self.record_many(value, 1);
    }

    fn record_many(&self, value: f64, count: usize) {
        let nth = self.ends.partition_point(|end| *end < value);
        self.counts[nth].fetch_add(count as u64, Ordering::Relaxed);
        let more = value * count as f64;
        let add = |sum: u64| Some((f64::from_bits(sum) + more).to_bits());
        // It always gives a new sum, so it never fails.
        let _ = self.sum.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
    }
}

/// As they stand between the braces. Names and values are the program's own words.
fn labels(key: &Key) -> String {
    let one = |label: &metrics::Label| format!("{}=\"{}\"", label.key(), label.value().escape_default());
    key.labels().map(one).collect::<Vec<_>>().join(",")
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const METADATA: Metadata<'static> = Metadata::new("", metrics::Level::INFO, None);

    fn lines(reading: &Reading, start: &str) -> Vec<String> {
        reading.render().lines().filter(|line| line.contains(start)).map(str::to_owned).collect()
    }

    #[test]
    fn a_histogram_counts_by_bucket_and_keeps_the_sum() {
        let (numbers, reading) = Numbers::new();
        numbers.describe_histogram("turn_seconds".into(), None, "How long.".into());
        let key = Key::from_parts("turn_seconds", vec![metrics::Label::new("kind", "text")]);
        let histogram = numbers.register_histogram(&key, &METADATA);
        histogram.record(0.001);
        histogram.record_many(0.002, 3);
        // The same key is the same histogram.
        numbers.register_histogram(&key, &METADATA).record(100.0);
        assert_eq!(lines(&reading, "# "), ["# HELP turn_seconds How long.", "# TYPE turn_seconds histogram"]);
        let lines = lines(&reading, "turn_seconds");
        for line in [
            r#"turn_seconds_bucket{kind="text",le="0.0005"} 0"#,
            r#"turn_seconds_bucket{kind="text",le="0.001"} 1"#,
            r#"turn_seconds_bucket{kind="text",le="0.0025"} 4"#,
            r#"turn_seconds_bucket{kind="text",le="16"} 4"#,
            r#"turn_seconds_bucket{kind="text",le="+Inf"} 5"#,
            r#"turn_seconds_sum{kind="text"} 100.007"#,
            r#"turn_seconds_count{kind="text"} 5"#,
        ] {
            assert!(lines.iter().any(|found| found == line), "{line} is not among {lines:#?}");
        }
    }

    #[test]
    fn what_is_no_time_is_counted_in_powers_of_two() {
        let (numbers, reading) = Numbers::new();
        numbers.register_histogram(&Key::from_name("group_turns"), &METADATA).record(3.0);
        assert_eq!(lines(&reading, "le=\"2\"} 0").len() + lines(&reading, "le=\"4\"} 1").len(), 2);
        assert_eq!(lines(&reading, "group_turns_count"), ["group_turns_count 1"]);
    }

    #[test]
    fn counters_and_gauges_are_there_too() {
        let (numbers, reading) = Numbers::new();
        numbers.describe_counter("told_total".into(), None, "Told.".into());
        numbers.register_counter(&Key::from_name("told_total"), &METADATA).increment(2);
        numbers.register_gauge(&Key::from_name("depth"), &METADATA).set(1.5);
        assert_eq!(lines(&reading, "told_total").last().unwrap(), "told_total 2");
        assert_eq!(lines(&reading, "depth").last().unwrap(), "depth 1.5");
    }
}
