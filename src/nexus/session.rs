//! Who may play whom. The Forge announces each entry with a ticket; a socket that shows the account's
//! token may use it once. Everything about a session that is not the world's business is here.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, RwLock, Weak};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::nexus::background::lock;
use crate::nexus::resume::{Pass, Seal};
use crate::token::{TokenType, Verifier};
use crate::world::character::PlayerId;
use crate::world::internal::Ticket;

/// Entry tickets that wait for their sockets.
pub const TICKETS_MAX: usize = 10_000;

/// The sessions of one account together may do this many times what one may.
const ACCOUNT_SHARE: f64 = 2.0;

/// Shared by the sockets and the internal endpoints.
pub struct Sessions {
    tickets: Mutex<HashMap<PlayerId, Ticket>>,
    verifier: RwLock<Verifier>,
    has_keys: AtomicBool,
    next: AtomicU64,
    seal: Arc<Seal>,
    /// What the open sessions of each account may do together.
    allowances: Mutex<HashMap<i64, Weak<Mutex<Bucket>>>>,
}

/// Why a socket may not play.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    #[error("Invalid authentication token")]
    Token,
    #[error("Your entry has not been announced, or has expired. Please enter from the lobby again.")]
    Ticket,
    #[error("This is not a character of yours.")]
    Owner,
    #[error("This is not a way back into this world. Please enter again.")]
    Pass,
}

impl Sessions {
    /// Session numbers of one boot never meet those of another.
    pub fn new(boot: u64, seal: Arc<Seal>) -> Self {
        Self {
            seal,
            tickets: Mutex::default(),
            verifier: RwLock::default(),
            has_keys: AtomicBool::new(false),
            next: AtomicU64::new((boot << 32) | 1),
            allowances: Mutex::default(),
        }
    }

    pub fn next_session(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    /// The bucket that all sessions of an account draw from, besides their own; it lives as long as one of them.
    pub fn allowance(&self, account: i64, per_second: f64, burst: f64) -> Arc<Mutex<Bucket>> {
        let mut allowances = lock(&self.allowances);
        if let Some(shared) = allowances.get(&account).and_then(Weak::upgrade) {
            return shared;
        }
        allowances.retain(|_, shared| shared.strong_count() > 0);
        let fresh = Arc::new(Mutex::new(Bucket::new(per_second * ACCOUNT_SHARE, burst * ACCOUNT_SHARE)));
        allowances.insert(account, Arc::downgrade(&fresh));
        fresh
    }

    /// The Forge's public keys.
    pub fn set_keys(&self, keys: &[(String, String)]) {
        let verifier = Verifier::new(keys.iter().map(|(kid, key)| (kid.as_str(), key.as_str())));
        if let Ok(mut place) = self.verifier.write() {
            *place = verifier;
        }
        self.has_keys.store(!keys.is_empty(), Ordering::Release);
    }

    /// Whether the Forge has given its keys: without them nobody can be let in.
    pub fn has_keys(&self) -> bool {
        self.has_keys.load(Ordering::Acquire)
    }

    /// The Forge announces an entry. False when too many wait.
    pub fn announce(&self, ticket: Ticket) -> bool {
        let mut tickets = lock(&self.tickets);
        if tickets.len() >= TICKETS_MAX {
            let now = unix_now();
            tickets.retain(|_, ticket| ticket.expires >= now);
        }
        if tickets.len() >= TICKETS_MAX {
            return false;
        }
        tickets.insert(ticket.character.id, ticket);
        true
    }

    /// A socket wants to go on where it was: its token must be good, and its pass this nexus's, for that account.
    ///
    /// # Errors
    /// Why it may not.
    pub fn readmit(&self, token: &str, player: PlayerId, pass: &str) -> Result<Pass, Denied> {
        let account = self.account_of(token)?;
        let pass = self.seal.read(pass).ok_or(Denied::Pass)?;
        if pass.account == account && pass.player == player { Ok(pass) } else { Err(Denied::Owner) }
    }

    /// A socket wants to play: its token must be good, and a ticket of that account must wait. The ticket is used up.
    ///
    /// # Errors
    /// Why it may not.
    pub fn admit(&self, token: &str, player: PlayerId) -> Result<Ticket, Denied> {
        let account = self.account_of(token)?;
        let mut tickets = lock(&self.tickets);
        let ticket = tickets.get(&player).ok_or(Denied::Ticket)?;
        if ticket.account.id != account {
            return Err(Denied::Owner);
        }
        let ticket = tickets.remove(&player).ok_or(Denied::Ticket)?;
        if ticket.expires < unix_now() { Err(Denied::Ticket) } else { Ok(ticket) }
    }

    fn account_of(&self, token: &str) -> Result<i64, Denied> {
        let Ok(verifier) = self.verifier.read() else { return Err(Denied::Token) };
        Ok(verifier.check(token, TokenType::Access).map_err(|_| Denied::Token)?.user_id)
    }
}

fn unix_now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() as i64)
}

/// A bucket of tokens: so many a second in the long run, so many at once.
#[derive(Debug)]
pub struct Bucket {
    per_second: f64,
    burst: f64,
    tokens: f64,
    at: std::time::Instant,
}

impl Bucket {
    pub fn new(per_second: f64, burst: f64) -> Self {
        Self { per_second, burst, tokens: burst, at: std::time::Instant::now() }
    }

    /// Takes one, if there is one.
    pub fn take(&mut self, now: std::time::Instant) -> bool {
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        self.at = now;
        self.tokens = (self.tokens + passed * self.per_second).min(self.burst);
        let has = self.tokens >= 1.0;
        if has {
            self.tokens -= 1.0;
        }
        has
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_bucket_gives_its_burst_and_then_its_rate() {
        let mut bucket = Bucket::new(10.0, 3.0);
        let start = bucket.at;
        assert_eq!((0..5).filter(|_| bucket.take(start)).count(), 3);
        let later = start + Duration::from_millis(250);
        assert_eq!((0..5).filter(|_| bucket.take(later)).count(), 2);
    }

    #[test]
    fn the_sessions_of_an_account_share_an_allowance_as_long_as_one_is_open() {
        let sessions = Sessions::new(1, Arc::new(Seal::new(&[1; 32])));
        let first = sessions.allowance(7, 10.0, 3.0);
        let second = sessions.allowance(7, 10.0, 3.0);
        let now = std::time::Instant::now();
        let taken = |bucket: &Arc<Mutex<Bucket>>| (0..5).filter(|_| lock(bucket).take(now)).count();
        assert_eq!((taken(&first), taken(&second)), (5, 1), "twice the burst of three, together");
        let other = sessions.allowance(8, 10.0, 3.0);
        assert_eq!(taken(&other), 5, "another account has its own");
        drop((first, second));
        assert_eq!(taken(&sessions.allowance(7, 10.0, 3.0)), 5, "a new one after the last session");
    }
}
