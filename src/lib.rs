//! Realms.
