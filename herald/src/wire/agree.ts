// Holds the types that Herald reads against what the engine sends: this file does not compile when they disagree.
import type * as sent from "./generated/frames";
import type * as read from "./types";

/** What is sent fits where it is read. */
type Fits<Sent extends Read, Read> = Sent;

type Data = sent.FrameData;

export type Agreed = [
  Fits<sent.MapRoom, read.MapRoom>,
  Fits<sent.Room, read.Room>,
  Fits<sent.Char, read.Char>,
  Fits<sent.Item, read.Item>,
  Fits<sent.Actor, read.Actor>,
  Fits<sent.ActorPart, read.ActorPart>,
  Fits<sent.SyncWorld, read.SyncWorld>,
  Fits<sent.StateSync, read.StateSync>,
  Fits<sent.WhoEntry, read.WhoEntry>,
  Fits<sent.CommandHelp, read.CommandHelp>,
  Fits<Data["notification.who"], read.WhoEntry[]>,
  Fits<Data["cmd.move.success"], read.FrameData>,
  Fits<Data["cmd.look.success"], read.FrameData>,
  Fits<Data["cmd.get.success"], read.FrameData>,
  Fits<Data["cmd.drop.success"], read.FrameData>,
  Fits<Data["cmd.put.success"], read.FrameData>,
  Fits<Data["cmd.give.success"], read.FrameData>,
  Fits<Data["cmd.who.success"], read.FrameData>,
  Fits<Data["cmd.whois.success"], read.FrameData>,
  Fits<Data["cmd.help.success"], read.FrameData>,
  Fits<Data["cmd.equipment.success"], read.FrameData>,
  Fits<Data["notification.movement.enter"]["actor"], read.Char>,
  Fits<Data["notification.combat.attack"], read.Blow>,
  Fits<Data["notification.combat.healing"], read.Blow>,
  Fits<Data["notification.death"], read.FrameData>,
  Fits<Data["affect.flee.success"], read.FrameData>,
  Fits<Data["affect.death"], read.FrameData>,
  Fits<Data["effect.start"], read.Effect>,
  Fits<Data["skill.cooldown.start"], read.FrameData>,
  Fits<Data["cmd.cast.success"], read.FrameData>,
  Fits<Data["door.open"]["room"], read.MapRoom>,
  Fits<Data["system.disconnect.success"], read.FrameData>,
  Fits<Data["cmd.<command>.error"], read.FrameData>,
  Fits<sent.Direction, read.Direction>,
  Fits<sent.DoorState, read.DoorState>,
];
