//! Thresholds as text: `realms.paced.p99_ms < 8`, or the sum, difference or ratio of two figures,
//! `realms.paced.p50_ms - echo.paced.p50_ms < 2`. They decide the exit status.

use std::str::FromStr;

use serde::Serialize;

#[derive(Clone, Debug, PartialEq)]
pub struct Expectation {
    text: String,
    left: String,
    with: Option<(char, String)>,
    below: bool,
    bound: f64,
}

/// What came of one.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    pub expected: String,
    /// None: a figure of this name was not measured.
    pub value: Option<f64>,
    pub met: bool,
}

impl FromStr for Expectation {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong =
            || format!("{text:?}: write FIGURE < NUMBER or FIGURE - FIGURE > NUMBER, as realms.paced.p99_ms < 8");
        let (below, (value, bound)) = match (text.split_once('<'), text.split_once('>')) {
            (Some(parts), None) => (true, parts),
            (None, Some(parts)) => (false, parts),
            _ => return Err(wrong()),
        };
        let bound = bound.trim().parse().map_err(|_| wrong())?;
        let (left, with) = match value.find(['+', '-', '*', '/']) {
            None => (value, None),
            Some(at) => {
                (&value[..at], value[at..].chars().next().map(|sign| (sign, value[at + 1..].trim().to_owned())))
            }
        };
        let left = left.trim().to_owned();
        let names = std::iter::once(&left).chain(with.as_ref().map(|(_, name)| name));
        for name in names {
            if name.split('.').count() != 3 && name.parse::<f64>().is_err() {
                return Err(wrong());
            }
        }
        Ok(Self { text: text.trim().to_owned(), left, with, below, bound })
    }
}

impl Expectation {
    /// Holds it against the figures of a report, by `system.phase.figure`.
    pub fn judge(&self, systems: &serde_json::Value) -> Outcome {
        let figure = |name: &str| {
            let number = name.parse().ok();
            number.or_else(|| systems.pointer(&format!("/{}", name.replace('.', "/")))?.as_f64())
        };
        let value = figure(&self.left).and_then(|left| match &self.with {
            None => Some(left),
            Some((sign, right)) => figure(right).map(|right| match sign {
                '+' => left + right,
                '-' => left - right,
                '*' => left * right,
                _ => left / right,
            }),
        });
        let met = value.is_some_and(|value| if self.below { value < self.bound } else { value > self.bound });
        Outcome { expected: self.text.clone(), value, met }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_held_against_bounds() {
        let systems = serde_json::json!({"a": {"x": {"p50_ms": 3.0}}, "b": {"x": {"p50_ms": 2.0}}});
        let outcome = |text: &str| text.parse::<Expectation>().unwrap().judge(&systems);
        assert!(outcome("a.x.p50_ms < 4").met);
        assert!(!outcome("a.x.p50_ms<3").met);
        assert_eq!(outcome("a.x.p50_ms - b.x.p50_ms < 2").value, Some(1.0));
        assert_eq!(outcome("a.x.p50_ms / b.x.p50_ms > 1.4").value, Some(1.5));
        assert_eq!(outcome("a.y.p50_ms > 0"), Outcome { expected: "a.y.p50_ms > 0".into(), value: None, met: false });
        assert!("p50 < 4".parse::<Expectation>().is_err() && "a.x.p50_ms".parse::<Expectation>().is_err());
    }
}
