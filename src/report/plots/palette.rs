//! What a colour means. Routes and places have a palette each, as parts of the time have in `parts.rs`: on one
//! page no colour stands for two things.

use plotters::style::RGBColor;

use super::canvas::{Canvas, Point, Stroke, dashed, stroke};
use super::style::WHITE;
use crate::core::run::RouteHead;

/// How a route is drawn in every plot: colour, and dash and marker for a print without colour.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Look {
    pub color: RGBColor,
    /// The colour, dark enough for text on white.
    pub ink: RGBColor,
    dash: Option<(f64, f64)>,
    marker: Marker,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Marker {
    Disc,
    Square,
    Triangle,
    Diamond,
    Ring,
    Downward,
}

const fn look(color: RGBColor, ink: RGBColor, dash: Option<(f64, f64)>, marker: Marker) -> Look {
    Look { color, ink, dash, marker }
}

/// After Okabe and Ito, "Color Universal Design" (2008); vermillion is kept for failures.
const LOOKS: [Look; 6] = [
    look(RGBColor(0, 114, 178), RGBColor(0, 92, 148), None, Marker::Disc),
    look(RGBColor(230, 159, 0), RGBColor(148, 98, 0), Some((9.0, 3.0)), Marker::Square),
    look(RGBColor(0, 158, 115), RGBColor(0, 112, 82), Some((3.5, 2.5)), Marker::Triangle),
    look(RGBColor(204, 121, 167), RGBColor(160, 70, 122), Some((14.0, 4.0)), Marker::Diamond),
    look(RGBColor(86, 180, 233), RGBColor(20, 116, 170), Some((6.0, 4.0)), Marker::Ring),
    look(RGBColor(80, 80, 80), RGBColor(60, 60, 60), Some((2.0, 4.0)), Marker::Downward),
];

/// Regions that a route calls, in its order, by the look that is theirs in every profile.
const HOMES: [&[&str]; 5] = [
    &["ap-southeast-2"],
    &["ap-southeast-1"],
    &["us-west-2"],
    &["ap-southeast-2", "ap-southeast-1"],
    &["ap-southeast-2", "us-west-2"],
];

/// A look for each route: its own in every profile where its Regions have one, else the first that is free.
pub fn looks<'a>(heads: impl IntoIterator<Item = &'a RouteHead>) -> Vec<Look> {
    let home = |head: &RouteHead| {
        HOMES.iter().position(|home| home.iter().copied().eq(head.targets.iter().map(|target| target.region.code())))
    };
    let mut taken = [false; LOOKS.len()];
    let mut take = |place: Option<usize>| place.filter(|place| !std::mem::replace(&mut taken[*place], true));
    let own: Vec<_> = heads.into_iter().map(|head| take(home(head))).collect();
    let mut free = (0..LOOKS.len()).filter(|place| !taken[*place]);
    let place = |(i, own): (usize, Option<usize>)| own.or_else(|| free.next()).unwrap_or(i % LOOKS.len());
    own.into_iter().enumerate().map(place).map(|place| LOOKS[place]).collect()
}

/// Regions and countries: muted, and neighbours differ in lightness. Their names stand beside them.
const PLACES: [RGBColor; 6] = [
    RGBColor(92, 104, 60),
    RGBColor(218, 211, 154),
    RGBColor(156, 165, 98),
    RGBColor(104, 118, 116),
    RGBColor(200, 206, 196),
    RGBColor(58, 70, 72),
];

pub fn place(number: usize) -> RGBColor {
    PLACES[number % PLACES.len()]
}

impl Look {
    /// Of things that are no routes, by their number.
    pub fn of(number: usize) -> Self {
        LOOKS[number % LOOKS.len()]
    }

    pub fn stroke(&self, width: f64) -> Stroke {
        match self.dash {
            None => stroke(self.color, width),
            Some((dash, gap)) => dashed(self.color, width, dash, gap),
        }
    }

    pub fn marker(&self, canvas: &Canvas<'_>, (x, y): Point) {
        let shape = |reach: f64, color| match self.marker {
            Marker::Disc | Marker::Ring => canvas.disc((x, y), reach, color),
            Marker::Square => canvas.rect((x - reach, y - reach), (x + reach, y + reach), color),
            Marker::Triangle => {
                canvas.polygon(&[(x, y - reach), (x + reach, y + reach), (x - reach, y + reach)], color)
            }
            Marker::Downward => {
                canvas.polygon(&[(x, y + reach), (x + reach, y - reach), (x - reach, y - reach)], color)
            }
            Marker::Diamond => {
                let wide = reach * 1.2;
                canvas.polygon(&[(x, y - wide), (x + wide, y), (x, y + wide), (x - wide, y)], color);
            }
        };
        shape(5.0, WHITE);
        shape(4.0, self.color);
        if matches!(self.marker, Marker::Ring) {
            shape(1.9, WHITE);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::residency::Standing;
    use crate::core::run::TargetHead;

    fn route(regions: &[&str]) -> RouteHead {
        let target = |region: &&str| TargetHead {
            region: region.parse().unwrap(),
            model: "some.model".into(),
            processed_in: String::new(),
        };
        RouteHead {
            name: regions.join(" "),
            label: String::new(),
            policy: "pinned".into(),
            standing: Standing::Candidate,
            targets: regions.iter().map(target).collect(),
        }
    }

    #[test]
    fn a_route_looks_the_same_in_every_profile_and_no_two_look_alike() {
        let (sydney, oregon, spill) = (["ap-southeast-2"], ["us-west-2"], ["ap-southeast-2", "ap-southeast-1"]);
        let alone = looks(&[route(&sydney), route(&spill)]);
        let many = looks(&[route(&["eu-west-1"]), route(&oregon), route(&spill), route(&sydney), route(&sydney)]);
        assert_eq!((many[3], many[2]), (alone[0], alone[1]));
        for (i, one) in many.iter().enumerate() {
            assert!(!many[..i].contains(one), "{i}");
        }
    }
}
