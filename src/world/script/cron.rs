//! Times by the clock on the wall: `minute hour day month weekday`, each `*`, numbers, ranges and steps, joined by
//! commas. As in cron, where both day and weekday are given, one of them is enough.

/// A parsed time of five fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cron {
    /// Bit n: the minute n.
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    weekdays: u64,
    /// Is the field more than `*`?
    by_day: bool,
    by_weekday: bool,
}

/// A minute in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    pub minute: u32,
    pub hour: u32,
    /// 1 to 31.
    pub day: u32,
    /// 1 to 12.
    pub month: u32,
    /// 0 is Sunday.
    pub weekday: u32,
}

impl Clock {
    /// The minute that is so many minutes after 1 January 1970, 00:00 UTC.
    pub fn of(minutes: u64) -> Self {
        let days = (minutes / 1440) as i64;
        // The civil calendar with years that begin in March, so that the leap day comes last.
        let shifted = days + 719_468;
        let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
        let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let month = (5 * of_year + 2) / 153;
        let _ = era;
        Self {
            minute: (minutes % 60) as u32,
            hour: (minutes / 60 % 24) as u32,
            day: (of_year - (153 * month + 2) / 5 + 1) as u32,
            month: if month < 10 { month + 3 } else { month - 9 } as u32,
            weekday: ((days + 4) % 7) as u32,
        }
    }
}

impl Cron {
    /// # Errors
    /// What is wrong, in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let fields: Vec<&str> = text.split_whitespace().collect();
        let [minutes, hours, days, months, weekdays] = fields[..] else {
            return Err(format!("five fields are needed (minute hour day month weekday), not {}", fields.len()));
        };
        let sunday_twice = field("weekday", weekdays, 0, 7)?;
        Ok(Self {
            minutes: field("minute", minutes, 0, 59)?,
            hours: field("hour", hours, 0, 23)?,
            days: field("day", days, 1, 31)?,
            months: field("month", months, 1, 12)?,
            weekdays: (sunday_twice | sunday_twice >> 7) & 0x7f,
            by_day: days != "*",
            by_weekday: weekdays != "*",
        })
    }

    /// Is this minute one of them?
    pub fn is_at(&self, clock: &Clock) -> bool {
        let has = |bits: u64, n: u32| bits >> n & 1 == 1;
        let (day, weekday) = (has(self.days, clock.day), has(self.weekdays, clock.weekday));
        let is_day = if self.by_day && self.by_weekday { day || weekday } else { day && weekday };
        has(self.minutes, clock.minute) && has(self.hours, clock.hour) && has(self.months, clock.month) && is_day
    }
}

fn field(name: &str, text: &str, least: u32, most: u32) -> Result<u64, String> {
    let wrong =
        || format!("`{text}` is no {name}: `*`, or numbers from {least} to {most}, as `5`, `1-5`, `*/10`, `0,30`");
    let mut bits = 0;
    for part in text.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, step.parse::<u32>().ok().filter(|step| *step > 0).ok_or_else(wrong)?),
            None => (part, 1),
        };
        let number = |text: &str| text.parse::<u32>().ok().filter(|n| (least..=most).contains(n)).ok_or_else(wrong);
        let (first, last) = match (range, range.split_once('-')) {
            ("*", _) => (least, most),
            (_, Some((first, last))) => (number(first)?, number(last)?),
            (_, None) if part.contains('/') => (number(range)?, most),
            (_, None) => (number(range)?, number(range)?),
        };
        if first > last {
            return Err(wrong());
        }
        (first..=last).step_by(step as usize).for_each(|n| bits |= 1u64 << n);
    }
    Ok(bits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minutes_are_dates() {
        let clock = |minutes| {
            let c = Clock::of(minutes);
            (c.month, c.day, c.hour, c.minute, c.weekday)
        };
        assert_eq!(clock(0), (1, 1, 0, 0, 4));
        // 29 February 2024, 13:37, a Thursday; 1 March; 31 December 2025, a Wednesday.
        assert_eq!(clock(1_709_213_820 / 60), (2, 29, 13, 37, 4));
        assert_eq!(clock(1_709_251_200 / 60), (3, 1, 0, 0, 5));
        assert_eq!(clock(1_767_225_540 / 60), (12, 31, 23, 59, 3));
    }

    #[test]
    fn times_are_met() {
        let at = |text: &str, minutes: u64| Cron::parse(text).unwrap().is_at(&Clock::of(minutes));
        let noon = 1_709_208_000 / 60;
        assert!(at("* * * * *", noon) && at("0 12 * * *", noon) && at("*/30 6-18/6 29 2 *", noon));
        assert!(!at("1 12 * * *", noon) && !at("0 12 1 * *", noon) && !at("0 12 * 3 *", noon));
        assert!(at("0 12 1 * 4", noon), "day or weekday, where both are given");
        assert!(at("0 0 * * 7", 3 * 1440) && at("0 0 * * 0", 3 * 1440), "Sunday has two numbers");
    }

    #[test]
    fn mistakes_are_named() {
        for bad in ["", "* * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "5-1 * * * *", "*/0 * * * *", "a * * * *"] {
            assert!(Cron::parse(bad).is_err(), "{bad}");
        }
    }
}
