//! The one integration-test crate: everything that needs real servers, sockets or files.

mod builders;
mod forge_accounts;
mod forge_characters;
mod forge_guests;
mod forge_house;
mod forge_lobby;
mod forge_worlds;
mod forge_worlds_rig;
mod forge_worlds_runs;
mod forge_worlds_socket;
mod game_socket;
mod metrics;
mod mirror;
mod moves;
mod nexus_address;
mod openapi;
mod outage;
mod play_config;
mod play_herald;
mod play_servers;
mod play_tools;
mod replay;
mod resume;
mod support;
mod tidy;
mod trace;
