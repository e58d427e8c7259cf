//! The moment up to which a past is replayed, as an operator writes it.

use std::str::FromStr;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A moment of a world's past.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// The last turn that was made durable.
    End,
    /// Right after this turn; of the last incarnation that history has, unless one is named.
    Seq { incarnation: Option<u64>, seq: u64 },
    /// Right after the last turn that was made durable by then: wall clock, milliseconds since 1970.
    Wall(u64),
    /// Right after the last turn at or before this time of the world, in milliseconds, of the last incarnation.
    World(u64),
}

impl FromStr for Until {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = |text: &str| text.parse::<u64>().ok();
        if let Some(seq) = number(text) {
            return Ok(Self::Seq { incarnation: None, seq });
        }
        if let Some(millis) = text.strip_suffix("ms").and_then(number) {
            return Ok(Self::World(millis));
        }
        if let Some((incarnation, seq)) = text.split_once('/')
            && let (Some(incarnation), Some(seq)) = (number(incarnation), number(seq))
        {
            return Ok(Self::Seq { incarnation: Some(incarnation), seq });
        }
        match OffsetDateTime::parse(text, &Rfc3339) {
            Ok(time) => Ok(Self::Wall(u64::try_from(time.unix_timestamp_nanos() / 1_000_000).unwrap_or(0))),
            Err(_) => Err(format!(
                "\"{text}\" is no moment: write a sequence (1234, or incarnation/1234), world time (60000ms), or wall \
                 clock (2027-01-31T18:30:00Z)"
            )),
        }
    }
}

/// Wall-clock milliseconds as people write them.
pub fn wall(millis: u64) -> String {
    let nanos = i128::from(millis) * 1_000_000;
    let time = OffsetDateTime::from_unix_timestamp_nanos(nanos).ok().and_then(|time| time.format(&Rfc3339).ok());
    time.unwrap_or_else(|| format!("{millis} ms"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_as_they_are_documented() {
        for (text, moment) in [
            ("17", Until::Seq { incarnation: None, seq: 17 }),
            ("1048576/17", Until::Seq { incarnation: Some(1_048_576), seq: 17 }),
            ("60000ms", Until::World(60_000)),
            ("2027-01-31T18:30:00Z", Until::Wall(1_801_420_200_000)),
            ("2027-01-31T19:30:00.5+01:00", Until::Wall(1_801_420_200_500)),
        ] {
            assert_eq!(text.parse(), Ok(moment));
        }
        assert_eq!(wall(1_801_420_200_500), "2027-01-31T18:30:00.5Z");
        for text in ["", "x", "-1", "1/", "/2", "ms", "yesterday", "2027-01-31"] {
            assert!(text.parse::<Until>().unwrap_err().contains("is no moment"), "{text}");
        }
    }
}
