//! The one integration-test crate: everything that needs real servers, sockets or files.

mod forge_accounts;
mod support;
