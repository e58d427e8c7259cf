//! How long the engine's turns took, as its own metrics tell.

use serde::Serialize;

/// Of all turns since the nexus started.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Turns {
    pub count: f64,
    /// The most CPU time of one turn, in milliseconds; turns under 1 ms of wall time are not looked at.
    pub longest_cpu_ms: f64,
    /// Of which kind that turn was.
    pub longest_kind: String,
    /// 99.9 % of the turns took no more wall time than this, in milliseconds: the upper end of a bucket.
    pub wall_p999_ms: f64,
}

impl Turns {
    /// Reads a page of metrics.
    pub fn read(page: &str) -> Self {
        let mut turns = Self::default();
        let mut buckets: Vec<(f64, f64)> = Vec::new();
        for line in page.lines() {
            let Some((name, value)) = line.rsplit_once(' ') else { continue };
            let Ok(value) = value.parse::<f64>() else { continue };
            if name.starts_with("realms_turn_cpu_longest_seconds") && value * 1e3 > turns.longest_cpu_ms {
                turns.longest_cpu_ms = value * 1e3;
                turns.longest_kind = label(name, "kind").unwrap_or_default().to_owned();
            }
            if name.starts_with("realms_turn_seconds_bucket")
                && let Some(end) = label(name, "le").and_then(|end| end.parse::<f64>().ok())
            {
                match buckets.iter_mut().find(|(known, _)| *known == end) {
                    Some((_, count)) => *count += value,
                    None => buckets.push((end, value)),
                }
            }
        }
        buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
        turns.count = buckets.last().map_or(0.0, |(_, count)| *count);
        let enough = buckets.iter().find(|(_, count)| *count >= turns.count * 0.999);
        turns.wall_p999_ms = enough.map_or(0.0, |(end, _)| end * 1e3);
        turns
    }
}

/// The value of a label in `name{label="value",...}`.
fn label<'a>(name: &'a str, label: &str) -> Option<&'a str> {
    let from = name.find(&format!("{label}=\""))? + label.len() + 2;
    name[from..].split('"').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_of_metrics_is_summed_over_kinds() {
        let page = "# HELP realms_turn_seconds x\n\
            realms_turn_seconds_bucket{kind=\"text\",le=\"0.001\"} 990\n\
            realms_turn_seconds_bucket{kind=\"text\",le=\"0.01\"} 998\n\
            realms_turn_seconds_bucket{kind=\"text\",le=\"+Inf\"} 998\n\
            realms_turn_seconds_bucket{kind=\"beat\",le=\"0.001\"} 1\n\
            realms_turn_seconds_bucket{kind=\"beat\",le=\"0.01\"} 2\n\
            realms_turn_seconds_bucket{kind=\"beat\",le=\"+Inf\"} 2\n\
            realms_turn_cpu_longest_seconds{kind=\"text\"} 0.0012\n\
            realms_turn_cpu_longest_seconds{kind=\"beat\"} 0.0034\n";
        let turns = Turns::read(page);
        assert_eq!((turns.count, turns.wall_p999_ms, turns.longest_kind.as_str()), (1000.0, 10.0, "beat"));
        assert!((turns.longest_cpu_ms - 3.4).abs() < 1e-9);
    }
}
