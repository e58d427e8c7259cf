//! `realms replay …`: a world as it was at a moment, or the story of a thing, from what a nexus has kept.

use std::io::{BufWriter, Write};

use serde_json::{Value, json};

use super::ReplayArgs;
use super::console::pipe;
use crate::config::Config;
use crate::nexus::replay::{Event, KeptPast, Replayed, Request, Story, Thing, Until, show, wall};
use crate::play::PlayError;
use crate::store::io::look::LookIo;

/// # Errors
/// Nothing is kept of the moment or the thing; what leads up to it is missing, damaged or another engine's; the replay
/// is not what the live run was.
pub fn run(config: &Config, args: &ReplayArgs) -> Result<(), PlayError> {
    let folder = config.nexus_dir();
    if !folder.join("journal").is_dir() {
        let text = format!("there is no nexus in {}: DATA_DIR and NEXUS_NAME say where one is", folder.display());
        return Err(PlayError::new(text));
    }
    let until: Until = args.until.as_deref().map_or(Ok(Until::End), str::parse).map_err(PlayError::new)?;
    let thing: Option<Thing> = args.explain.as_deref().map(str::parse).transpose().map_err(PlayError::new)?;
    let past = KeptPast::open(&folder, &LookIo).map_err(|error| PlayError::new(error.to_string()))?;
    let spawn = past.world(&args.world).map_err(|error| PlayError::new(error.to_string()))?;
    let request = Request { spawn, until, whole: args.whole || thing.is_some() };
    match thing {
        Some(thing) => explain(&past, request, thing, args.json),
        None => state(&past, request, args.json),
    }
}

fn state(past: &KeptPast<'_>, request: Request, as_json: bool) -> Result<(), PlayError> {
    let mut replayed = past.replay(request, None).map_err(|error| PlayError::new(error.to_string()))?;
    let hash: String = replayed.world.hash().iter().map(|byte| format!("{byte:02x}")).collect();
    if as_json {
        let mut all = show::everything(&replayed.world);
        if let Value::Object(all) = &mut all {
            all.insert("hash".into(), json!(hash));
            all.insert("replay".into(), about(&replayed));
        }
        pipe(writeln!(std::io::stdout(), "{all}"))?;
    } else {
        let meta = &replayed.world.meta;
        let mut text = format!(
            "{} (world.{}) at sequence {} of incarnation {}\n\
             {} ms of its time; its last turn was written at {}\n\
             templates {}\nstate {hash}\n",
            meta.name,
            meta.spawn,
            meta.seq,
            meta.incarnation,
            meta.now,
            wall(replayed.written),
            meta.templates,
        );
        text.push_str(&compared(&replayed));
        text.push('\n');
        text.push_str(&show::text(&replayed.world));
        pipe(write!(std::io::stdout(), "{text}"))?;
    }
    judge(&replayed)
}

fn explain(past: &KeptPast<'_>, request: Request, thing: Thing, as_json: bool) -> Result<(), PlayError> {
    let mut out = BufWriter::new(std::io::stdout().lock());
    let mut written = Ok(());
    let mut first = true;
    let mut tell = |event: Event| {
        if written.is_ok() {
            written = pipe(match as_json {
                true => write!(out, "{}{}", if first { "{\"events\":[" } else { ",\n" }, in_json(&event)),
                false => write!(out, "{}", in_text(&event)),
            });
            first = false;
        }
    };
    let mut story = Story::new(thing, &mut tell);
    let replayed = past.replay(request, Some(&mut story));
    let was_there = story.was_there();
    written?;
    let replayed = match replayed {
        Ok(replayed) => replayed,
        Err(error) => {
            // What is known is told all the same.
            pipe(out.flush())?;
            return Err(PlayError::new(error.to_string()));
        }
    };
    if as_json {
        let begin = if first { "{\"events\":[" } else { "" };
        let (thing, replay) = (json!(thing.to_string()), about(&replayed));
        pipe(writeln!(out, "{begin}],\n\"thing\":{thing},\"replay\":{replay}}}"))?;
    } else {
        pipe(write!(out, "{}", compared(&replayed)))?;
    }
    pipe(out.flush())?;
    judge(&replayed)?;
    if was_there {
        return Ok(());
    }
    let (incarnation, seq) = (replayed.world.meta.incarnation, replayed.world.meta.seq);
    Err(PlayError::new(format!(
        "{thing} was not in world {} in all that is kept, which ends at {incarnation}/{seq} ({})",
        request.spawn,
        wall(replayed.written)
    )))
}

fn in_text(event: &Event) -> String {
    let Event { incarnation, seq, at, written, cause, what } = event;
    let mut text = format!("{}  {incarnation}/{seq}  {at} ms  {cause}\n", wall(*written));
    for what in what {
        text.push_str(&format!("    {what}\n"));
    }
    text
}

fn in_json(event: &Event) -> Value {
    let Event { incarnation, seq, at, written, cause, what } = event;
    let written = wall(*written);
    json!({"incarnation": incarnation, "seq": seq, "at": at, "written": written, "cause": cause, "what": what})
}

/// How far the replay is known to be what the live run was.
fn compared(replayed: &Replayed) -> String {
    let from = format!("{}/{}", replayed.image.incarnation, replayed.image.seq);
    let turns = replayed.turns;
    match (replayed.compared.same, replayed.compared.last_same) {
        (same, Some((incarnation, seq))) => format!(
            "{turns} turns replayed from the image at {from}; equal to the live run at {same} recorded moments, the last at \
             {incarnation}/{seq}\n"
        ),
        _ => format!(
            "{turns} turns replayed from the image at {from}; no moment behind that was recorded to compare with\n"
        ),
    }
}

fn about(replayed: &Replayed) -> Value {
    let moment = |(incarnation, seq): (u64, u64)| json!({"incarnation": incarnation, "seq": seq});
    let compared = &replayed.compared;
    json!({
        "image": moment((replayed.image.incarnation, replayed.image.seq)),
        "turns": replayed.turns,
        "written": wall(replayed.written),
        "same": compared.same,
        "last_same": compared.last_same.map(moment),
        "differs": compared.differs.as_ref().map(|difference| json!({
            "incarnation": difference.incarnation, "seq": difference.seq, "records": difference.records,
        })),
        "gaps": replayed.gaps,
    })
}

/// What was found is said; what is wrong with it as well.
fn judge(replayed: &Replayed) -> Result<(), PlayError> {
    if let Some(difference) = &replayed.compared.differs {
        let since = match replayed.compared.last_same {
            Some((incarnation, seq)) => format!("{incarnation}/{seq}"),
            None => format!("{}/{}", replayed.image.incarnation, replayed.image.seq),
        };
        let records = match difference.records.as_slice() {
            [] => String::new(),
            records => format!(", in {}", records.join(", ")),
        };
        let at = format!("{}/{}", difference.incarnation, difference.seq);
        return Err(PlayError::new(format!(
            "this is not what happened: the replay was the live run up to {since}, and is another at {at}{records}"
        )));
    }
    match replayed.gaps.as_slice() {
        [] => Ok(()),
        gaps => Err(PlayError::new(format!("some of it is missing: {}", gaps.join("; ")))),
    }
}
