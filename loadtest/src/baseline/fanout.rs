//! The bare fan-out server: for each command it sends recorded frames of the engine to those whom the engine would tell,
//! encoded once and flushed alike, and does nothing else: no rules, no state but who is where, no journal. What an engine
//! could reach at most.

use std::sync::{Arc, Mutex, PoisonError};

use futures_util::StreamExt;
use realms::nexus::outbox::Outbox;
use tokio::net::TcpListener;
use tokio_tungstenite::tungstenite::Message;

use super::hall::{self, Command, Grid, Script};
use super::socket::{self, put};
use crate::samples::Samples;

struct Hall {
    grid: Grid,
    script: Script,
    /// Who is in each room.
    rooms: Vec<Vec<(i64, Arc<Outbox>)>>,
}

/// # Errors
/// The listener fails.
pub async fn serve(listener: TcpListener, rooms: usize, samples: &Samples) -> anyhow::Result<()> {
    let grid = Grid::new(rooms);
    let hall = Hall { grid, script: Script::new(samples), rooms: vec![Vec::new(); grid.rooms()] };
    let hall = Arc::new(Mutex::new(hall));
    socket::accept(listener, move |mut source, outbox| {
        let hall = hall.clone();
        async move {
            let Some(Ok(Message::Text(hello))) = source.next().await else { return };
            let player = hall::player(&hello).unwrap_or_default();
            let lock = || hall.lock().unwrap_or_else(PoisonError::into_inner);
            let mut room = lock().enter(player, &outbox);
            while let Some(Ok(message)) = source.next().await {
                if let Message::Text(frame) = message
                    && let Some(command) = hall::command(&frame)
                {
                    room = lock().apply(player, &outbox, room, command);
                }
            }
            lock().rooms[room].retain(|(other, _)| *other != player);
            outbox.end();
        }
    })
    .await
}

impl Hall {
    fn enter(&mut self, player: i64, outbox: &Arc<Outbox>) -> usize {
        let room = (player.unsigned_abs() as usize).saturating_sub(1) % self.rooms.len();
        self.rooms[room].push((player, outbox.clone()));
        put(outbox, hall::WELCOME);
        room
    }

    /// Carries a command out; where the player is then.
    fn apply(&mut self, player: i64, outbox: &Arc<Outbox>, room: usize, command: Command) -> usize {
        match command {
            Command::Look => put(outbox, &self.script.next(hall::LOOKED)),
            Command::Say => {
                put(outbox, &self.script.next(hall::SAID));
                self.tell(room, player, hall::HEARD);
            }
            Command::Move { east, north } => {
                let there = self.grid.step(room, east, north);
                self.rooms[room].retain(|(other, _)| *other != player);
                put(outbox, &self.script.next(hall::MOVED));
                self.tell(room, player, hall::LEFT);
                self.tell(there, player, hall::CAME);
                self.rooms[there].push((player, outbox.clone()));
                return there;
            }
        }
        room
    }

    fn tell(&mut self, room: usize, except: i64, kind: &'static str) {
        let frame = self.script.next(kind);
        for (_, outbox) in self.rooms[room].iter().filter(|(player, _)| *player != except) {
            put(outbox, &frame);
        }
    }
}
