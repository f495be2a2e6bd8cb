//! Points on all cores, each measured once.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::Point;

/// Which point: a route by position, a load, a seed by position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// Bits of the load first: positive numbers sort by them as they do by value.
    load: u64,
    pub route: usize,
    pub seed: u64,
}

impl Key {
    /// `rps` above 0.
    pub fn new(route: usize, rps: f64, seed: u64) -> Self {
        Self { load: rps.to_bits(), route, seed }
    }

    /// Requests per second.
    pub fn rps(&self) -> f64 {
        f64::from_bits(self.load)
    }
}

/// Is told how far the work has come; from any thread.
pub trait Watcher: Sync {
    /// So many more points are to be measured.
    fn asked(&self, points: usize);
    /// One is measured.
    fn done(&self);
}

/// Nobody needs to know.
pub struct Unwatched;

impl Watcher for Unwatched {
    fn asked(&self, _: usize) {}
    fn done(&self) {}
}

/// Measures points and remembers them. What it answers does not depend on the order in which the
/// cores finish: a point is a function of its key.
pub struct Engine<'a, M> {
    measure: M,
    watcher: &'a dyn Watcher,
    cores: usize,
    known: BTreeMap<Key, Point>,
}

impl<'a, M: Fn(Key) -> Point + Sync> Engine<'a, M> {
    pub fn new(measure: M, cores: usize, watcher: &'a dyn Watcher) -> Self {
        Self { measure, watcher, cores, known: BTreeMap::new() }
    }

    /// Measures those of `keys` that are not known yet.
    pub fn ensure(&mut self, keys: impl IntoIterator<Item = Key>) {
        let mut missing: Vec<_> = keys.into_iter().filter(|key| !self.known.contains_key(key)).collect();
        // The highest loads take longest: begun last, one of them would keep the other cores waiting.
        missing.sort_unstable_by(|a, b| b.cmp(a));
        missing.dedup();
        self.watcher.asked(missing.len());
        let next = AtomicUsize::new(0);
        let measured = Mutex::new(Vec::with_capacity(missing.len()));
        std::thread::scope(|scope| {
            for _ in 0..self.cores.min(missing.len()) {
                scope.spawn(|| {
                    while let Some(key) = missing.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let point = (self.measure)(*key);
                        measured.lock().expect("nobody panics while holding it").push((*key, point));
                        self.watcher.done();
                    }
                });
            }
        });
        self.known.extend(measured.into_inner().expect("nobody panics while holding it"));
    }

    /// A point, measured if need be.
    pub fn point(&mut self, key: Key) -> &Point {
        if !self.known.contains_key(&key) {
            self.ensure([key]);
        }
        &self.known[&key]
    }

    /// Everything measured, by route, ascending by load and then by seed.
    pub fn into_points(self, routes: usize) -> Vec<Vec<Point>> {
        let mut points = vec![Vec::new(); routes];
        for (key, point) in self.known {
            points[key.route].push(point);
        }
        points
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::fixture::bare_point;

    #[test]
    fn the_answer_does_not_depend_on_the_cores() {
        let points = |cores| {
            let mut engine = Engine::new(|key: Key| bare_point(key), cores, &Unwatched);
            engine.ensure((0..3).flat_map(|route| (1..20).map(move |load| Key::new(route, f64::from(load), 7))));
            engine.into_points(3)
        };
        assert_eq!(points(1), points(8));
    }

    #[test]
    fn a_point_is_measured_once() {
        let count = AtomicUsize::new(0);
        let measure = |key: Key| {
            count.fetch_add(1, Ordering::Relaxed);
            bare_point(key)
        };
        let mut engine = Engine::new(measure, 2, &Unwatched);
        let key = Key::new(0, 5.0, 1);
        engine.ensure([key, key, Key::new(0, 5.0, 2)]);
        engine.ensure([key]);
        assert_eq!(engine.point(key).rps, 5.0);
        drop(engine);
        assert_eq!(count.into_inner(), 2);
    }

    #[test]
    fn loads_come_back_ascending() {
        let mut engine = Engine::new(|key: Key| bare_point(key), 2, &Unwatched);
        engine.ensure([100.0, 0.5, 9.0].map(|rps| Key::new(0, rps, 0)));
        let loads: Vec<_> = engine.into_points(1)[0].iter().map(|point| point.rps).collect();
        assert_eq!(loads, [0.5, 9.0, 100.0]);
    }
}
