//! Commands that others do: `/cmd` and its kin.

use crate::nexus::pulsar::record::Who;
use crate::nexus::pulsar::script::{self, Doer};
use crate::nexus::pulsar::turn::Turn;
use crate::world::template::Scope;

use super::{BuildCommand, Call, speech};

pub static CMD: BuildCommand = BuildCommand {
    names: &["/cmd", "/force", "/rcmd", "/zcmd", "/wcmd"],
    rank: 2,
    in_scripts: true,
    format: "/cmd <room|zone|world|someone> -- <command> [&& <command>...]",
    description: "Let a mob (players: rank 3) do commands as a script would; or do them oneself, with echoes to the room, zone (rank 2) or world (rank 3).",
    examples: &["/cmd miller -- say Go away. && emote points.", "/zcmd /echo The ground shakes."],
    run: cmd,
};

fn cmd(turn: &mut Turn, call: &Call) {
    let scoped = match call.name {
        "/rcmd" => Some("room"),
        "/zcmd" => Some("zone"),
        "/wcmd" => Some("world"),
        _ => None,
    };
    let (target, commands) = match (scoped, call.rest.split_once("--")) {
        (Some(scope), Some(("", commands))) => (scope, commands),
        (Some(scope), _) => (scope, call.rest),
        (None, Some((target, commands))) => (target.trim(), commands),
        (None, None) => return call.usage(turn),
    };
    let commands = commands.trim();
    if commands.is_empty() || target.is_empty() {
        return call.usage(turn);
    }
    let course = match target {
        "room" | "zone" | "world" => {
            let Some((scope, _)) = speech::scope(turn, call, target) else { return };
            call.course.within(call.course.doer, scope)
        }
        _ => {
            let Some(who) = call.someone(turn, target) else { return };
            if matches!(who, Who::Player(_)) && call.who() != Some(who) && !call.may(turn, 3) {
                return;
            }
            let Some(room) = turn.world.room_of(who) else { return };
            call.course.within(Doer::Char(who), Scope::Room(room))
        }
    };
    let errors = script::line(turn, &course, commands);
    if errors.is_empty() {
        return call.done(turn, "");
    }
    let text = errors.iter().map(|error| format!("Error: {error}")).collect::<Vec<_>>().join("\n");
    if call.by_script {
        return script::fail(turn, errors.into_iter().next().unwrap_or_default());
    }
    call.refuse(turn, "script_error", text);
}
