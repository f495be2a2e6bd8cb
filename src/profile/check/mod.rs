//! The rules that a profile must keep before anything is fired. To add one: one file with a [`Rule`],
//! one line in [`RULES`].

mod fibre_floor;
mod model_offered;
mod profile_source;
mod provisioned;
mod region_model;
mod region_name;
mod residency;
mod routes;

use std::fmt;

use super::Models;
use super::schema::{ProfileFile, RegionFile, RouteFile, TargetFile};
use super::toml_file::line_of;
use crate::core::residency::{Residency, Standing};

/// A profile that could be read, before anyone believes it.
pub struct Draft<'a> {
    pub file: &'a ProfileFile,
    /// The whole Region model: built-in numbers under the profile's own.
    pub regions: &'a [RegionFile],
    pub models: &'a Models,
    pub residency: &'a Residency,
}

/// What a rule has to say.
pub struct Finding {
    /// Offset in the file, where it concerns one place in it.
    at: Option<usize>,
    weight: Weight,
    what: String,
    way_out: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// The profile is not used.
    Refused,
    /// It is, and the user is told.
    Warning,
}

/// One promise that a profile keeps.
pub struct Rule {
    /// As it stands in messages.
    pub name: &'static str,
    pub summary: &'static str,
    check: fn(&Draft<'_>) -> Vec<Finding>,
}

/// In the order in which people read: what the file says, then what AWS offers, then what is allowed.
pub static RULES: &[Rule] = &[
    routes::RULE,
    region_name::RULE,
    fibre_floor::RULE,
    region_model::RULE,
    profile_source::RULE,
    model_offered::RULE,
    provisioned::RULE,
    residency::RULE,
];

/// The rule whose violations are refusals (exit 6) and not mistakes (exit 2).
pub const RESIDENCY: &str = residency::RULE.name;

/// A finding, with its place: the line, the rule, the reason and the way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub rule: &'static str,
    /// From 1; absent for what concerns the file as a whole.
    pub line: Option<usize>,
    pub weight: Weight,
    pub what: String,
    pub way_out: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}. {}", self.rule, self.what, self.way_out)
    }
}

impl Draft<'_> {
    /// Every rule over the whole profile, in the order of its lines. `text` is what offsets count in;
    /// without it no line is named.
    pub fn problems(&self, text: Option<&str>) -> Vec<Problem> {
        let of_rule = |rule: &Rule| {
            (rule.check)(self)
                .into_iter()
                .map(|found| Problem {
                    rule: rule.name,
                    line: found.at.zip(text).map(|(at, text)| line_of(text, at)),
                    weight: found.weight,
                    what: found.what,
                    way_out: found.way_out,
                })
                .collect::<Vec<_>>()
        };
        let mut problems: Vec<_> = RULES.iter().flat_map(of_rule).collect();
        problems.sort_by_key(|found| found.line);
        problems
    }

    /// Every target with its route and its offset in the file.
    fn targets(&self) -> impl Iterator<Item = (&RouteFile, &TargetFile, usize)> {
        self.file
            .route
            .iter()
            .map(|route| route.get_ref())
            .flat_map(|route| route.targets.iter().map(move |target| (route, target.get_ref(), target.span().start)))
    }
}

impl RouteFile {
    pub fn standing(&self) -> Standing {
        if self.reference { Standing::Reference } else { Standing::Candidate }
    }
}

fn refuse(at: impl Into<Option<usize>>, what: String, way_out: impl Into<String>) -> Finding {
    Finding { at: at.into(), weight: Weight::Refused, what, way_out: way_out.into() }
}

fn warn(at: impl Into<Option<usize>>, what: String, way_out: impl Into<String>) -> Finding {
    Finding { at: at.into(), weight: Weight::Warning, what, way_out: way_out.into() }
}
