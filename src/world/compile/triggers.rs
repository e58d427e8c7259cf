//! Triggers, room checks and fact schedules as templates.

use super::Compiler;
use crate::world::kinds::*;
use crate::world::manifest::Problem;
use crate::world::spec::*;
use crate::world::template::*;

impl Compiler<'_> {
    pub(super) fn trigger(&self, slug: &str, spec: &TriggerSpec) -> Result<Trigger, Problem> {
        let scope = match spec.scope {
            TriggerScope::Room => Scope::Room(self.id(DocumentKind::Room, spec.room.as_deref().unwrap_or_default())?),
            TriggerScope::Zone => Scope::Zone(self.id(DocumentKind::Zone, spec.zone.as_deref().unwrap_or_default())?),
            TriggerScope::World => Scope::World,
        };
        let item = self.id_of(DocumentKind::Item, spec.item.as_ref())?.map(Target::Item);
        let mob = self.id_of(DocumentKind::Mob, spec.mob.as_ref())?.map(Target::Mob);
        Ok(Trigger {
            id: self.id(DocumentKind::Trigger, slug)?,
            slug: slug.to_owned(),
            scope,
            target: item.or(mob),
            event: spec.event,
            matcher: spec.matcher.clone(),
            conditions: spec.conditions.clone(),
            script: lines(&spec.script),
            show_details_on_failure: spec.show_details_on_failure,
            failure_message: spec.failure_message.clone(),
            display_action: spec.display_action_in_room,
            gate_delay: spec.gate_delay,
            order: spec.order,
            is_active: spec.is_active,
        })
    }

    pub(super) fn fact_schedule(&self, slug: &str, spec: &FactScheduleSpec) -> Result<FactSchedule, Problem> {
        Ok(FactSchedule {
            id: self.id(DocumentKind::FactSchedule, slug)?,
            slug: slug.to_owned(),
            fact: spec.fact.clone(),
            values: spec.values.clone(),
            selection: spec.selection,
            every: spec.every,
            cron: spec.cron.clone(),
            message: spec.message.clone(),
        })
    }

    pub(super) fn get_triggers(&self, written: &[GetTriggerSpec]) -> Result<Vec<GetTrigger>, Problem> {
        let one = |written: &GetTriggerSpec| {
            Ok(GetTrigger {
                item: self.id(DocumentKind::Item, &written.item)?,
                conditions: written.conditions.clone(),
                message: written.message.clone(),
                transport: self.id_of(DocumentKind::Room, written.transport.as_ref())?,
            })
        };
        written.iter().map(one).collect()
    }
}

pub(super) fn room_check(written: &RoomCheckSpec) -> RoomCheck {
    RoomCheck {
        prevent: written.prevent,
        direction: written.direction,
        conditions: written.conditions.clone(),
        failure_message: written.failure_message.clone(),
    }
}

/// The lines of a script that say something.
pub(super) fn lines(script: &str) -> Vec<String> {
    script.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}
