//! Coordinates for rooms that have none. Each island (rooms that exits connect, in whatever
//! direction) is walked from its first room, ways that lead both ways before others; a room goes
//! where its exit points, further along where that cell is taken, else near it. Islands then stand
//! side by side with water between them.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::world::kinds::Direction;

/// Empty cells between two islands.
const GAP: i32 = 4;
/// Cells that an exit may be stretched over to keep its direction.
const STRETCH_MAX: i32 = 6;

/// Places of rooms, and the islands that they make.
#[derive(Debug)]
pub struct Layout {
    pub at: Vec<[i32; 3]>,
    /// The rooms of each island in ascending order, the island of the first room first.
    pub islands: Vec<Vec<usize>>,
}

/// Lays out rooms by their exits: for each room (direction, target). All places differ.
pub fn lay_out(exits: &[Vec<(Direction, usize)>]) -> Layout {
    let neighbours = neighbours(exits);
    let islands = islands(&neighbours);
    let mut at = vec![[0; 3]; exits.len()];
    for island in &islands {
        for (room, place) in best_layout(island[0], &neighbours) {
            at[room] = place;
        }
    }
    stand_apart(&islands, &mut at);
    Layout { at, islands }
}

struct Neighbour {
    direction: Direction,
    room: usize,
    /// The way back is the opposite direction.
    both_ways: bool,
}

/// Ways out and ways in, those that agree with each other first.
fn neighbours(exits: &[Vec<(Direction, usize)>]) -> Vec<Vec<Neighbour>> {
    let mut all: Vec<Vec<Neighbour>> = exits.iter().map(|_| Vec::new()).collect();
    for (from, ways) in exits.iter().enumerate() {
        for (direction, to) in ways {
            let both_ways = exits[*to].contains(&(direction.opposite(), from));
            all[from].push(Neighbour { direction: *direction, room: *to, both_ways });
            all[*to].push(Neighbour { direction: direction.opposite(), room: from, both_ways });
        }
    }
    for ways in &mut all {
        ways.sort_by_key(|way| (!way.both_ways, way.direction, way.room));
        ways.dedup_by_key(|way| (way.direction, way.room));
    }
    all
}

fn islands(neighbours: &[Vec<Neighbour>]) -> Vec<Vec<usize>> {
    let mut seen = vec![false; neighbours.len()];
    let mut islands = Vec::new();
    for first in 0..neighbours.len() {
        if seen[first] {
            continue;
        }
        seen[first] = true;
        let (mut island, mut next) = (vec![first], 0);
        while let Some(room) = island.get(next) {
            next += 1;
            for way in &neighbours[*room] {
                if !std::mem::replace(&mut seen[way.room], true) {
                    island.push(way.room);
                }
            }
        }
        island.sort_unstable();
        islands.push(island);
    }
    islands
}

/// Of the two ways to deal with a taken cell, the one that leaves more exits straight; of equals the smaller map.
fn best_layout(first: usize, neighbours: &[Vec<Neighbour>]) -> BTreeMap<usize, [i32; 3]> {
    let rate = |places: &BTreeMap<usize, [i32; 3]>| {
        let ways = places.keys().flat_map(|room| neighbours[*room].iter().map(move |way| (*room, way)));
        let straight = ways.filter(|(room, way)| is_straight(places[room], places[&way.room], way.direction)).count();
        let span = |axis: usize| {
            let along = places.values().map(|place| i64::from(place[axis]));
            along.clone().max().unwrap_or(0) - along.min().unwrap_or(0)
        };
        (straight, -(span(0) + 1) * (span(1) + 1))
    };
    let (beside, between) = (lay_out_island(first, neighbours, false), lay_out_island(first, neighbours, true));
    if rate(&between) > rate(&beside) { between } else { beside }
}

fn is_straight(from: [i32; 3], to: [i32; 3], direction: Direction) -> bool {
    let step = direction.step();
    (0..3).all(|axis| match step[axis] {
        0 => to[axis] == from[axis],
        sign => (to[axis] - from[axis]) * sign > 0,
    })
}

/// Places one island. Where a cell is taken, the new room goes beside it, or everything beyond moves on by one.
fn lay_out_island(first: usize, neighbours: &[Vec<Neighbour>], makes_way: bool) -> BTreeMap<usize, [i32; 3]> {
    let mut places = BTreeMap::from([(first, [0, 0, 0])]);
    let mut taken = BTreeSet::from([[0, 0, 0]]);
    // What agrees both ways is placed before what does not, so that it gets the better cells.
    let (mut firm, mut loose) = (VecDeque::from([first]), VecDeque::new());
    while let Some(room) = firm.pop_front().or_else(|| loose.pop_front()) {
        let mut waits = false;
        for way in &neighbours[room] {
            if places.contains_key(&way.room) {
                continue;
            }
            if !way.both_ways && !firm.is_empty() {
                waits = true;
                continue;
            }
            let step = way.direction.step();
            let wanted = [0, 1, 2].map(|axis| places[&room][axis] + step[axis]);
            if makes_way && taken.contains(&wanted) {
                make_way(&mut places, wanted, step);
                taken = places.values().copied().collect();
            }
            let place = free_cell(places[&room], way.direction, &taken);
            places.insert(way.room, place);
            taken.insert(place);
            firm.push_back(way.room);
        }
        if waits {
            loose.push_back(room);
        }
    }
    // Making way may have moved the first room as well.
    let origin = places[&first];
    places.into_iter().map(|(room, place)| (room, [0, 1, 2].map(|axis| place[axis] - origin[axis]))).collect()
}

/// Moves the cell and everything beyond it one step on, so that all that was straight stays straight.
fn make_way(places: &mut BTreeMap<usize, [i32; 3]>, cell: [i32; 3], step: [i32; 3]) {
    for place in places.values_mut() {
        if (0..3).all(|axis| (place[axis] - cell[axis]) * step[axis] >= 0) {
            for axis in 0..3 {
                place[axis] += step[axis];
            }
        }
    }
}

/// The cell that the direction points at, or one further on with nothing between, or the nearest free one
/// to where it points, of those that lie in its direction if there is one close by.
fn free_cell(from: [i32; 3], direction: Direction, taken: &BTreeSet<[i32; 3]>) -> [i32; 3] {
    let step = direction.step();
    let along = |n: i32| [0, 1, 2].map(|axis| from[axis] + step[axis] * n);
    if !taken.contains(&along(1)) {
        return along(1);
    }
    let wanted = along(1);
    for radius in 1.. {
        let ring = ring(wanted, radius);
        let ahead = |cell: &[i32; 3]| (0..3).any(|axis| (cell[axis] - from[axis]) * step[axis] > 0);
        let free = |cell: &&[i32; 3]| !taken.contains(*cell);
        let found = ring.iter().filter(free).find(|cell| ahead(cell));
        // A vertical way keeps its storey; its cell may lie anywhere on it.
        if let Some(cell) = found {
            return *cell;
        }
        if radius > STRETCH_MAX
            && let Some(cell) = ring.iter().find(free)
        {
            return *cell;
        }
    }
    wanted
}

/// Cells of one storey at a distance, nearest to the middle of each side first.
fn ring(middle: [i32; 3], radius: i32) -> Vec<[i32; 3]> {
    let mut cells = Vec::with_capacity(8 * radius as usize);
    for offset in 0..=radius {
        for side in if offset == 0 { vec![0] } else { vec![offset, -offset] } {
            for (dx, dy) in [(side, radius), (radius, side), (side, -radius), (-radius, side)] {
                let cell = [middle[0] + dx, middle[1] + dy, middle[2]];
                if !cells.contains(&cell) {
                    cells.push(cell);
                }
            }
        }
    }
    cells
}

/// Moves islands onto shelves beside and below one another; the first keeps its first room at the origin.
fn stand_apart(islands: &[Vec<usize>], at: &mut [[i32; 3]]) {
    let bounds = |island: &[usize], at: &[[i32; 3]]| {
        let mut low = at[island[0]];
        let mut high = low;
        for room in island {
            for axis in 0..2 {
                low[axis] = low[axis].min(at[*room][axis]);
                high[axis] = high[axis].max(at[*room][axis]);
            }
        }
        (low, high)
    };
    let cells: i64 = islands
        .iter()
        .map(|island| {
            let (low, high) = bounds(island, at);
            i64::from(high[0] - low[0] + 1 + GAP) * i64::from(high[1] - low[1] + 1 + GAP)
        })
        .sum();
    let Some(first) = islands.first() else { return };
    let (low, high) = bounds(first, at);
    // About square, and as wide as the first island at least.
    let width = (cells.isqrt() as i32).max(high[0] - low[0] + 1);
    let right = low[0] + width;
    let (mut x, mut top, mut lowest) = (high[0] + 1 + GAP, high[1], low[1]);
    for island in &islands[1..] {
        let (low, high) = bounds(island, at);
        if x + (high[0] - low[0]) > right {
            x = bounds(first, at).0[0];
            top = lowest - 1 - GAP;
        }
        let shift = [x - low[0], top - high[1]];
        for room in island {
            at[*room][0] += shift[0];
            at[*room][1] += shift[1];
        }
        x += high[0] - low[0] + 1 + GAP;
        lowest = lowest.min(top - (high[1] - low[1]));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    use Direction::*;

    #[test]
    fn a_square_is_a_square() {
        let exits = vec![
            vec![(North, 1), (East, 3)],
            vec![(South, 0), (East, 2)],
            vec![(West, 1), (South, 3)],
            vec![(North, 2), (West, 0)],
        ];
        let layout = lay_out(&exits);
        assert_eq!(layout.at, [[0, 0, 0], [0, 1, 0], [1, 1, 0], [1, 0, 0]]);
        assert_eq!(layout.islands, [[0, 1, 2, 3]]);
    }

    #[test]
    fn storeys_and_taken_cells() {
        // Up and down, and two rooms that both want the cell to the north.
        let exits = vec![vec![(Up, 1), (North, 2)], vec![(Down, 0)], vec![(South, 0)], vec![(South, 0)]];
        let layout = lay_out(&exits);
        assert_eq!(layout.at[..3], [[0, 0, 0], [0, 0, 1], [0, 1, 0]]);
        assert!(layout.at[3][1] > 0 && layout.at[3] != layout.at[2], "{:?}", layout.at);
    }

    #[test]
    fn islands_keep_their_distance() {
        let exits = vec![vec![(East, 1)], vec![(West, 0)], vec![(North, 3)], vec![], vec![]];
        let layout = &lay_out(&exits);
        assert_eq!(layout.islands.len(), 3);
        for (a, first) in layout.islands.iter().enumerate() {
            for second in &layout.islands[a + 1..] {
                for (p, q) in first.iter().flat_map(|p| second.iter().map(move |q| (layout.at[*p], layout.at[*q]))) {
                    assert!((p[0] - q[0]).abs() > GAP || (p[1] - q[1]).abs() > GAP, "{p:?} {q:?}");
                }
            }
        }
    }

    proptest! {
        #[test]
        fn no_two_rooms_share_a_place(ways in prop::collection::vec(prop::collection::vec((0..6usize, 0..60usize), 0..5), 60)) {
            let exits: Vec<Vec<(Direction, usize)>> =
                ways.into_iter().map(|ways| ways.into_iter().map(|(d, to)| (Direction::ALL[d], to)).collect()).collect();
            let layout = lay_out(&exits);
            let places: BTreeSet<[i32; 3]> = layout.at.iter().copied().collect();
            prop_assert_eq!(places.len(), 60);
        }
    }
}
