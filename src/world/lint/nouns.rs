//! Things that a room's description names and that nothing answers when one looks at them.
//! A guess, without grammar: the words after an article or a number, up to the next small word,
//! are a thing; it is answered when one of its words selects something. What describes the place
//! as a whole (walls, light, ways) promises nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::{World, marker, warning};
use crate::world::keywords::{item_keywords, mob_keywords, singular, words_of};
use crate::world::manifest::Problem;
use crate::world::spec::*;

/// Words of one thing at most.
const WORDS_MAX: usize = 4;

/// What begins a thing.
const OPENERS: &str = "a an the this these those its his her their two three four five six seven eight nine ten eleven \
    twelve several both";

/// Before a thing they say that it is not here: "as wide as a cart", "like a bell".
const COMPARING: [&str; 4] = ["as", "like", "than", "without"];

/// What ends one: small words, and verbs that often follow a noun.
const CLOSERS: &str = "a an the this that these those its his her their your my our it he she they you we i who which what \
    whose where when while how why and or but nor so yet if as than then because though although until unless since once \
    of in on at by to from with without into onto over under above below beneath behind before after between among through \
    across along around about against beside besides beyond inside outside near off out up down upon within toward towards \
    past for like per via is are was were be been being am has have had do does did can could may might must shall should will \
    would not no only just even still also too very quite almost always never ever often here there now again away back apart \
    together down all any each every another some none nothing something someone somebody anyone anybody everyone everybody \
    whatever whoever nobody lie lies lay lays hang hangs hung stand stands \
    stood sit sits sat lean leans run runs ran go goes went gone come comes came turn turns lead leads led open \
    opens close closes end ends begin begins began keep keeps kept hold holds held make makes made take \
    takes took give gives gave look looks smell smells smelt fall falls fell rise rises rose climb climbs cross \
    crosses meet meets met stop stops say says said show shows wait waits grow grows grew drop \
    drops leave leaves left let lets bend bends bent rest rests move moves pass passes follow follows \
    carry carries burn burns drip drips slope slopes slide slides tilt tilts creak creaks swing swings cut cuts catch \
    catches reach reaches know knows serve serves want wants need needs fill fills cover covers mark marks seem seems \
    think thinks thought tell tells told shine shines gleam gleams ring rings rang comes belong belongs begin explain explains";

/// Things that make nobody curious: the place itself, measures, time, the body, abstractions; and adjectives and
/// materials, which end a thing only where the guess went wrong.
const PLAIN: &str = "way ways side sides part parts kind kinds sort sorts piece pieces pair pairs row rows end ends edge edges \
    top bottom bottoms middle midst centre center corner corners line lines place places spot point points half rest one ones \
    other others first second third fourth fifth sixth last next nearest same time times day days night nights morning evening \
    noon hour hours minute minutes year years century centuries week month season moment moments step steps foot feet yard \
    yards mile miles inch inches fathom fathoms metre metres pace paces height width depth length weight size colour color \
    shape sound noise smell scent air wind light dark darkness shadow shadows shade sun moon sky rain weather heat cold floor \
    floors ground wall walls ceiling room rooms house houses shop shops street streets lane lanes world town city county \
    quarter country north south east west left right front fronts back name names word words thing things matter reason use \
    work care doubt habit idea question questions answer answers number numbers lot few dozen score hundred thousand bit deal \
    share turn turns distance direction level levels storey storeys inside outside view sight people somebody man men woman \
    women hand hands eye eyes ear ears finger fingers thumb knee knees thigh ankle ankles chest head heads face faces anyone \
    life death difference effect result start price cost money visitor visitors stranger strangers sea tide tides ebb flood \
    water mud sand salt stone granite iron brass copper tin wood oak brick slate glass rope cloth paper leather own whole \
    public good better best worse high higher low lower long longer short shorter wide wider narrow deep far late early old \
    new large larger small smaller flat damp dry wet certain sensible design degree behaviour behavior capital circuit stretch \
    settling lease age feeling change return flourish blow angle walk swell spring attention intention opinion opinions \
    respect mistake mistakes interest answer advice trouble luck purpose order orders rule rules law laws story stories truth \
    lie argument patience silence quiet business trade trades custom craft skill art journey visit neighbour neighbours \
    neighbor neighbors family owner owners company crowd generation generations";

/// One finding per room, with all that it promises.
pub(super) fn promises(world: &World<'_>) -> Vec<Problem> {
    let openers: BTreeSet<&str> = OPENERS.split_whitespace().collect();
    let closers: BTreeSet<&str> = CLOSERS.split_whitespace().collect();
    let plain: BTreeSet<&str> = PLAIN.split_whitespace().collect();
    let common = scenery(world.world.map_or("", |spec| spec.notes.as_str()));
    let present = present(world);
    let mut findings = Vec::new();
    for (at, spec) in world.rooms_in_order() {
        let mut answers = answers(world, spec);
        answers.extend(common.iter().cloned());
        answers.extend(world.zones.get(spec.zone.as_str()).iter().flat_map(|zone| scenery(&zone.notes)));
        answers.extend(scenery(&spec.notes));
        answers.extend(present.get(at.document.slug()).into_iter().flatten().cloned());
        let mut open: Vec<String> = Vec::new();
        for thing in things(&spec.description, &openers, &closers) {
            let is_plain = thing.last().is_none_or(|word| plain.contains(word.as_str()));
            let answered = thing.iter().any(|word| forms(word).any(|form| answers.contains(&form)));
            let name = thing.join(" ");
            if !is_plain && !answered && !open.contains(&name) {
                open.push(name);
            }
        }
        if !open.is_empty() {
            let message = format!(
                "nothing answers `{}`; add details, or `scenery:` with the words to the notes",
                open.join("`, `")
            );
            findings.push(warning(at, "spec.description", message));
        }
    }
    findings
}

fn scenery(notes: &str) -> Vec<String> {
    let text = marker(notes, "scenery").unwrap_or_default();
    words_of(&text.replace(',', " ")).flat_map(|word| forms(&word).collect::<Vec<_>>()).collect()
}

/// The word, its singular, and the parts of a compound.
fn forms(word: &str) -> impl Iterator<Item = String> {
    let base = word.strip_suffix("'s").unwrap_or(word);
    let mut forms = vec![base.to_owned()];
    forms.extend(base.split('-').filter(|part| part.len() > 2).map(str::to_owned));
    let singulars: Vec<String> = forms.iter().filter_map(|form| singular(form)).collect();
    forms.extend(singulars);
    forms.into_iter()
}

/// The words after each opener, up to a closer or a mark.
fn things(text: &str, openers: &BTreeSet<&str>, closers: &BTreeSet<&str>) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let mut open: Option<Vec<String>> = None;
    let mut previous = String::new();
    for token in text.split_whitespace() {
        let word: Option<String> = words_of(token).next();
        let word = word.as_deref().unwrap_or_default();
        let ends_after = token.ends_with(|c: char| !c.is_alphanumeric());
        let goes_on = open.as_ref().is_some_and(|thing| !thing.is_empty());
        let looks_like_verb = goes_on && ["ing", "ed"].iter().any(|end| word.ends_with(end));
        let closes = word.is_empty() || closers.contains(word) || word.ends_with("ly") || looks_like_verb;
        if openers.contains(word) || closes {
            found.extend(open.take().filter(|thing| !thing.is_empty()));
            let is_here = !COMPARING.contains(&previous.as_str());
            open = (openers.contains(word) && is_here).then(Vec::new);
        } else if let Some(thing) = &mut open {
            thing.push(word.to_owned());
            if thing.len() == WORDS_MAX {
                found.extend(open.take());
            }
        }
        previous = word.to_owned();
        if ends_after {
            found.extend(open.take().filter(|thing| !thing.is_empty()));
        }
    }
    found.extend(open.filter(|thing| !thing.is_empty()));
    found
}

/// Words that `look` answers by the room itself: details, doors, its name, the names of what lies next to it.
fn answers(world: &World<'_>, spec: &RoomSpec) -> BTreeSet<String> {
    let mut words: BTreeSet<String> = BTreeSet::new();
    let mut add = |text: &str| words.extend(words_of(text).flat_map(|word| forms(&word).collect::<Vec<_>>()));
    for word in spec.details.iter().flat_map(|detail| &detail.words) {
        add(word);
    }
    add(&spec.name);
    if let Some(zone) = world.zones.get(spec.zone.as_str()) {
        add(&zone.name);
    }
    for exit in spec.exits.values() {
        if let Some(door) = exit.door() {
            add(&door.name);
        }
        if let Some((_, next)) = world.rooms.get(exit.to().as_str()) {
            add(&next.name);
            next.exits.values().filter_map(ExitSpec::door).for_each(|door| add(&door.name));
        }
    }
    words
}

/// Words of what loaders put into each room.
fn present<'a>(world: &World<'a>) -> BTreeMap<&'a str, Vec<String>> {
    let mut words: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for rule in world.loaders.iter().flat_map(|(_, spec)| &spec.rules) {
        let Some(room) = rule.room.as_deref() else { continue };
        let of_room = words.entry(room).or_default();
        if let Some((_, item)) = rule.item.as_deref().and_then(|slug| world.items.get(slug)) {
            of_room.extend(item_keywords(
                &item.keywords,
                &item.name,
                item.quality,
                item.item_type,
                item.equipment_type,
            ));
            of_room.extend(item.details.iter().flat_map(|detail| detail.words.clone()));
        }
        if let Some((_, mob)) = rule.mob.as_deref().and_then(|slug| world.mobs.get(slug)) {
            of_room.extend(mob_keywords(&mob.keywords, &mob.name, mob.gender, []));
        }
    }
    words
}
