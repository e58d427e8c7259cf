//! How often an address or an account may ask. Each rule is a leaky bucket per key; who asks too often
//! gets friendly words and the time to wait. Keys that have been quiet are forgotten.

use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use super::{AppError, Limits};

/// Every rule of the Forge's REST.
pub struct Throttles {
    /// All requests, by address.
    pub requests: Rule,
    /// All requests of an account, from wherever they come.
    pub requests_by_account: Rule,
    /// Mails that an address may cause.
    pub mails_by_address: Rule,
    /// Mails to one mailbox.
    pub mails_by_account: Rule,
    /// Attempts to log in, by address.
    pub logins_by_address: Rule,
    /// Attempts to log in to one account.
    pub logins_by_account: Rule,
    /// Accounts and guests made from one address.
    pub accounts_by_address: Rule,
    /// Characters made by one account.
    pub characters_by_account: Rule,
}

impl Throttles {
    pub fn new(limits: &Limits) -> Self {
        let minute = Duration::from_secs(60);
        let rule = |per_minute: u32, burst: u32, text| Rule::new(minute, per_minute, burst, text);
        let per_minute = limits.requests_per_second.saturating_mul(60);
        let mails = limits.mails_per_minute;
        let logins = limits.logins_per_minute;
        Self {
            requests: rule(per_minute, limits.requests_burst, "You are quicker than we can answer."),
            requests_by_account: rule(per_minute, limits.requests_burst, "Your account asks more than we can answer."),
            mails_by_address: rule(
                mails.saturating_mul(5),
                mails.saturating_mul(5),
                "That is a lot of mail from one place.",
            ),
            mails_by_account: rule(mails, mails, "A mail is already on its way; look into your inbox first."),
            logins_by_address: rule(logins.saturating_mul(3), logins.saturating_mul(3), "Too many attempts to log in."),
            logins_by_account: rule(logins, logins, "Too many attempts to log in to this account."),
            accounts_by_address: rule(
                limits.accounts_per_minute,
                limits.accounts_per_minute,
                "Several newcomers from your address at once.",
            ),
            characters_by_account: rule(
                limits.characters_per_minute,
                limits.characters_per_minute,
                "One new character after the other; give this one a moment.",
            ),
        }
    }

    /// Forgets keys that have all their allowance back. Called now and then.
    pub fn forget_quiet(&self) {
        for rule in [
            &self.requests,
            &self.requests_by_account,
            &self.mails_by_address,
            &self.mails_by_account,
            &self.logins_by_address,
            &self.logins_by_account,
            &self.accounts_by_address,
            &self.characters_by_account,
        ] {
            rule.buckets.retain_recent();
        }
    }
}

/// One rule: so many in a period, some of them at once.
pub struct Rule {
    buckets: DefaultKeyedRateLimiter<String>,
    clock: DefaultClock,
    text: &'static str,
}

impl Rule {
    fn new(period: Duration, count: u32, burst: u32, text: &'static str) -> Self {
        let each = (period / count.max(1)).max(Duration::from_nanos(1));
        // Both are at least one and nothing is divided by zero: a limit of 0 means 1.
        let quota = Quota::with_period(each).unwrap_or(Quota::per_minute(NonZeroU32::MIN));
        let quota = quota.allow_burst(NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN));
        Self { buckets: RateLimiter::keyed(quota), clock: DefaultClock::default(), text }
    }

    /// # Errors
    /// 429 when the key has used up its allowance.
    pub fn check(&self, key: impl ToString) -> Result<(), AppError> {
        self.buckets.check_key(&key.to_string()).map_err(|refusal| {
            let wait = refusal.wait_time_from(self.clock.now());
            let seconds = wait.as_secs() + 1;
            let moment = if seconds == 1 { "a second".to_owned() } else { format!("{seconds} seconds") };
            AppError::Throttled { text: format!("{} Please try again in {moment}.", self.text), seconds }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_allowed_and_then_the_key_waits_alone() {
        let rule = Rule::new(Duration::from_secs(3600), 2, 2, "Slowly.");
        rule.check("a").unwrap();
        rule.check("a").unwrap();
        let AppError::Throttled { text, seconds } = rule.check("a").unwrap_err() else { panic!("not throttled") };
        assert!(text.starts_with("Slowly. Please try again in ") && seconds > 1000, "{text}");
        rule.check("b").unwrap();
    }
}
