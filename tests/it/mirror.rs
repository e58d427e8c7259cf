//! The mirror on a real Redis: what one side writes the other reads, and nothing that it should not.

use std::process::{Child, Command, Stdio};

use realms::store::mirror::{Mirror, MirrorChange, MirrorError, MirrorKind};

struct Redis {
    child: Child,
    dir: tempfile::TempDir,
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Redis {
    fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let child = Command::new("redis-server")
            .args(["--port", "0", "--save", "", "--unixsocket"])
            .arg(dir.path().join("redis.sock"))
            .arg("--dir")
            .arg(dir.path())
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-server is installed (Debian: apt-get install redis-server)");
        Self { child, dir }
    }

    fn url(&self) -> String {
        format!("redis+unix://{}", self.dir.path().join("redis.sock").display())
    }

    fn mirror(&self) -> Mirror {
        Mirror::open(&self.url()).unwrap()
    }

    async fn empty(&self) {
        let client = redis::Client::open(self.url()).unwrap();
        let mut connection = client.get_multiplexed_async_connection().await.unwrap();
        redis::cmd("FLUSHALL").query_async::<()>(&mut connection).await.unwrap();
    }
}

fn world(spawn: i64, epoch: i64) -> Vec<MirrorChange> {
    let thing = |kind, id| MirrorChange::Thing { spawn, kind, id, json: Some("{}".into()) };
    vec![
        MirrorChange::Lease { spawn, epoch, incarnation: u64::MAX, seq: 7 },
        MirrorChange::Rule { spawn, rule: 3, count: 2 },
        MirrorChange::Rule { spawn, rule: 4, count: 1 },
        thing(MirrorKind::Mob, 1 << 30),
        thing(MirrorKind::Mob, (1 << 30) + 1),
        thing(MirrorKind::Item, (1 << 30) + 2),
        thing(MirrorKind::Player, 12),
    ]
}

#[tokio::test]
async fn what_the_nexus_writes_the_forge_reads_under_the_same_lease() {
    let redis = Redis::start();
    let mirror = redis.mirror();
    // The server needs a moment: any error is "unknown", and the caller comes back.
    crate::forge_worlds_rig::until("Redis answers", async || mirror.generation("one").await.is_ok()).await;
    assert!(matches!(mirror.population("one", 1001, 5).await, Err(MirrorError::Unknown(1001))));

    mirror.begin("one", "1-0").await.unwrap();
    mirror.write("one", "1-0", &world(1001, 5)).await.unwrap();
    assert!(mirror.population("one", 1001, 5).await.is_err(), "not before the switch");
    mirror.switch("one", "1-0").await.unwrap();
    let population = mirror.population("one", 1001, 5).await.unwrap();
    assert_eq!(population.rules.into_iter().collect::<Vec<_>>(), [(3, 2), (4, 1)]);
    assert_eq!((population.mobs, population.items, population.players), (2, 1, vec![12]));
    assert!(mirror.population("one", 1001, 6).await.is_err(), "another lease");
    assert!(mirror.population("two", 1001, 5).await.is_err(), "another nexus");
    assert!(mirror.population("one", 1002, 5).await.is_err(), "another world");

    let changes = [
        MirrorChange::Rule { spawn: 1001, rule: 3, count: 0 },
        MirrorChange::Thing { spawn: 1001, kind: MirrorKind::Player, id: 12, json: None },
    ];
    mirror.write("one", "1-0", &changes).await.unwrap();
    let population = mirror.population("one", 1001, 5).await.unwrap();
    assert_eq!((population.rules.len(), population.players.len()), (1, 0));
    mirror.write("one", "1-0", &[MirrorChange::Gone { spawn: 1001 }]).await.unwrap();
    assert!(mirror.population("one", 1001, 5).await.is_err());
}

#[tokio::test]
async fn a_new_generation_replaces_all_of_the_old_one() {
    let redis = Redis::start();
    let mirror = redis.mirror();
    crate::forge_worlds_rig::until("Redis answers", async || mirror.generation("one").await.is_ok()).await;
    mirror.begin("one", "1-0").await.unwrap();
    mirror.write("one", "1-0", &[world(1001, 5), world(1002, 6)].concat()).await.unwrap();
    mirror.switch("one", "1-0").await.unwrap();
    mirror.begin("one", "2-0").await.unwrap();
    mirror.write("one", "2-0", &world(1002, 6)).await.unwrap();
    mirror.switch("one", "2-0").await.unwrap();
    assert!(mirror.population("one", 1001, 5).await.is_err());
    mirror.population("one", 1002, 6).await.unwrap();
    // Nothing of the old one is left behind, and it does not become current again.
    assert!(matches!(mirror.switch("one", "1-0").await, Err(MirrorError::Lost(_))));
    assert!(mirror.population("one", 1002, 6).await.is_err());
}

#[tokio::test]
async fn who_writes_to_an_emptied_redis_hears_of_it() {
    let redis = Redis::start();
    let mirror = redis.mirror();
    crate::forge_worlds_rig::until("Redis answers", async || mirror.generation("one").await.is_ok()).await;
    mirror.begin("one", "1-1").await.unwrap();
    mirror.write("one", "1-1", &world(1001, 5)).await.unwrap();
    mirror.switch("one", "1-1").await.unwrap();
    redis.empty().await;
    assert!(matches!(mirror.write("one", "1-1", &world(1001, 5)).await, Err(MirrorError::Lost(_))));
    assert!(mirror.population("one", 1001, 5).await.is_err());
    // Emptied while a generation is written: it does not become the current one.
    mirror.begin("one", "1-2").await.unwrap();
    mirror.write("one", "1-2", &world(1001, 5)).await.unwrap();
    redis.empty().await;
    assert!(matches!(mirror.switch("one", "1-2").await, Err(MirrorError::Lost(_))));
    assert_eq!(mirror.generation("one").await.unwrap(), None);
    // A second try under the same name begins with nothing.
    mirror.begin("one", "1-2").await.unwrap();
    mirror.write("one", "1-2", &world(1002, 6)).await.unwrap();
    mirror.begin("one", "1-2").await.unwrap();
    mirror.write("one", "1-2", &world(1001, 5)).await.unwrap();
    mirror.switch("one", "1-2").await.unwrap();
    assert_eq!(mirror.population("one", 1001, 5).await.unwrap().mobs, 2);
    assert!(mirror.population("one", 1002, 6).await.is_err());
}
