//! From a name or a path to something that has passed its checks.

use std::path::Path;

use serde::de::DeserializeOwned;
use toml::Table;

use super::builtin::{self, Builtin};
use super::check::{self, Problem};
use super::experiment::Experiment;
use super::latency::Latency;
use super::overrides::Override;
use super::scenario::Scenario;
use super::schema::{ProfileFile, RegionFile};
use super::toml_file::{FileError, check_schema, nearest, parse};
use super::{Models, Profile, build, region_model};
use crate::core::RegionId;
use crate::plan::pattern::Pattern;
use crate::plan::workload::Workload;

/// Why something chosen by name or file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error("{}", lines(file, problems))]
    Broken { file: String, problems: Vec<Problem> },
    #[error("no {kind} is named `{name}`{} Built in: {}. A path to a .toml file works too", did_you_mean(*near), known.join(", "))]
    Unknown { kind: &'static str, name: String, near: Option<&'static str>, known: Vec<&'static str> },
    #[error("cannot read {path}: {source}. Write a built-in name, or the path of a .toml file that is there")]
    Unreadable { path: String, source: std::io::Error },
    #[error("--set {set}: {what}")]
    Override { set: String, what: String },
}

impl LoadError {
    /// Not a mistake but a refusal: the residency forbids it.
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::Broken { problems, .. } if problems.iter().any(|found| found.rule == check::RESIDENCY))
    }
}

/// One line for each problem.
fn lines(file: &str, problems: &[Problem]) -> String {
    let line = |found: &Problem| match found.line {
        Some(line) => format!("{file}:{line}: {found}"),
        None => format!("{file}: {found}"),
    };
    problems.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Ends the sentence before it.
fn did_you_mean(near: Option<&str>) -> String {
    near.map_or_else(|| ".".to_owned(), |near| format!("; did you mean `{near}`?"))
}

/// Ends the sentence that there is no `typed`: with what was most likely meant, and all there is.
pub fn in_place_of<'a>(typed: &str, they: &str, names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<_> = names.into_iter().collect();
    let near = did_you_mean(nearest(typed, names.iter().copied()));
    let all = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    format!("{near} {they} {all}")
}

/// A file that was found: what to call it in errors, and what it says.
struct Found {
    file: String,
    text: String,
}

fn find(kind: &'static str, list: &'static [Builtin], name: &str) -> Result<Found, LoadError> {
    if let Some(builtin) = list.iter().find(|builtin| builtin.name == name) {
        return Ok(Found { file: builtin.file.to_owned(), text: builtin.text.to_owned() });
    }
    if name.ends_with(".toml") || name.contains('/') {
        return read(name);
    }
    let known: Vec<_> = list.iter().map(|builtin| builtin.name).collect();
    Err(LoadError::Unknown { kind, name: name.to_owned(), near: nearest(name, known.iter().copied()), known })
}

fn read(path: &str) -> Result<Found, LoadError> {
    let text =
        std::fs::read_to_string(path).map_err(|source| LoadError::Unreadable { path: path.to_owned(), source })?;
    Ok(Found { file: path.to_owned(), text })
}

/// The text behind a name, as it is written.
///
/// # Errors
/// When there is nothing of that kind and name.
pub fn text_of(kind: Kind, name: &str) -> Result<String, LoadError> {
    let (noun, list) = kind.shelf();
    Ok(find(noun, list, name)?.text)
}

/// What can be chosen by name, listed and shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Profile,
    Workload,
    Scenario,
    Pattern,
    Experiment,
}

impl Kind {
    /// What it is called, and where the built-in ones stand.
    fn shelf(self) -> (&'static str, &'static [Builtin]) {
        match self {
            Self::Profile => ("profile", builtin::PROFILES),
            Self::Workload => ("workload", builtin::WORKLOADS),
            Self::Scenario => ("scenario", builtin::SCENARIOS),
            Self::Pattern => ("pattern", builtin::PATTERNS),
            Self::Experiment => ("experiment", builtin::EXPERIMENTS),
        }
    }

    pub fn noun(self) -> &'static str {
        self.shelf().0
    }

    /// Of the built-in ones.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        self.shelf().1.iter().map(|builtin| builtin.name)
    }

    fn find(self, name: &str) -> Result<Found, LoadError> {
        let (noun, list) = self.shelf();
        find(noun, list, name)
    }
}

/// Reads files under what the command line says about them: a model list, service times, and single
/// values.
#[derive(Clone, Debug)]
pub struct Loader {
    models: Models,
    regions: Vec<RegionFile>,
    latency: Option<Latency>,
    overrides: Vec<Override>,
}

impl Loader {
    /// `models` is the path of a list to use in place of the built-in one; `latency` names service
    /// times to use in place of the built-in ones.
    ///
    /// # Errors
    /// When one of them cannot be read.
    pub fn new(models: Option<&Path>, latency: Option<&str>, overrides: Vec<Override>) -> Result<Self, LoadError> {
        let models = match models {
            Some(path) => {
                let found = read(&path.to_string_lossy())?;
                Models::parse(&found.file, &found.text)?
            }
            None => Models::built_in()?,
        };
        let latency = latency.map(load_latency).transpose()?;
        Ok(Self { models, regions: region_model::built_in(latency.as_ref())?, latency, overrides })
    }

    /// Name and summary of the service times in use, where they are not the built-in ones.
    pub fn latency(&self) -> Option<String> {
        self.latency.as_ref().map(|latency| format!("{}: {}", latency.name, latency.summary))
    }

    /// Without anything from a command line.
    ///
    /// # Errors
    /// When a shipped file is broken.
    pub fn built_in() -> Result<Self, LoadError> {
        Self::new(None, None, Vec::new())
    }

    /// Loads a profile and checks it by every rule.
    ///
    /// # Errors
    /// When there is none of that name, or a rule stands against it.
    pub fn profile(&self, name: &str) -> Result<Profile, LoadError> {
        self.check(&Kind::Profile.find(name)?)
    }

    /// The same for a profile that is at hand: `file` is what errors call it.
    ///
    /// # Errors
    /// When `text` is no profile, or a rule stands against it.
    pub fn parse_profile(&self, file: &str, text: &str) -> Result<Profile, LoadError> {
        self.check(&Found { file: file.to_owned(), text: text.to_owned() })
    }

    fn check(&self, found: &Found) -> Result<Profile, LoadError> {
        let base = |region: RegionId| {
            let model = self.regions.iter().find(|known| known.code == region)?;
            Table::try_from(model).ok()
        };
        let edited = self.edit(Kind::Profile, found, &base)?;
        let elsewhere = |wrong: &str| self.overrides.iter().find_map(|set| set.explain(wrong));
        let file: ProfileFile =
            parse_edited(found, edited.as_ref()).map_err(|error| match elsewhere(&error.message) {
                Some(message) => FileError { message, ..error },
                None => error,
            })?;
        check_schema(&found.file, file.schema)?;
        // What was edited is not what stands in the file: its lines would mislead.
        let text = edited.is_none().then_some(found.text.as_str());
        build::build(&file, text, self.regions.clone(), self.models.clone())
            .map_err(|problems| LoadError::Broken { file: label(found, edited.as_ref()), problems })
    }

    /// # Errors
    /// When there is no such workload, or its file is broken.
    pub fn workload(&self, name: &str) -> Result<Workload, LoadError> {
        self.read(Kind::Workload, name, |workload: &Workload| workload.schema, Workload::check)
    }

    /// # Errors
    /// When there is no such scenario, or its file is broken.
    pub fn scenario(&self, name: &str) -> Result<Scenario, LoadError> {
        self.read(Kind::Scenario, name, |scenario: &Scenario| scenario.schema, Scenario::check)
    }

    /// # Errors
    /// When there is no such pattern, or its file is broken.
    pub fn pattern(&self, name: &str) -> Result<Pattern, LoadError> {
        self.read(Kind::Pattern, name, |pattern: &Pattern| pattern.schema, Pattern::check)
    }

    /// # Errors
    /// When there is no such experiment, or its file is broken.
    pub fn experiment(&self, name: &str) -> Result<Experiment, LoadError> {
        self.read(Kind::Experiment, name, |experiment: &Experiment| experiment.schema, Experiment::check)
    }

    fn read<T: DeserializeOwned>(
        &self,
        kind: Kind,
        name: &str,
        schema: fn(&T) -> u32,
        check: fn(&T) -> Result<(), String>,
    ) -> Result<T, LoadError> {
        let found = kind.find(name)?;
        let edited = self.edit(kind, &found, &|_| None)?;
        let file: T = parse_edited(&found, edited.as_ref())?;
        check_schema(&found.file, schema(&file))?;
        check(&file).map_err(|what| FileError::new(&label(&found, edited.as_ref()), what))?;
        Ok(file)
    }

    /// The file with the overrides that concern it; `None` when there are none.
    fn edit(
        &self,
        kind: Kind,
        found: &Found,
        base: &dyn Fn(RegionId) -> Option<Table>,
    ) -> Result<Option<Edited>, LoadError> {
        let mine: Vec<_> = self.overrides.iter().filter(|set| set.kind() == kind).collect();
        if mine.is_empty() {
            return Ok(None);
        }
        let mut table: Table = parse(&found.file, &found.text)?;
        for set in &mine {
            set.apply(&mut table, base).map_err(|what| LoadError::Override { set: set.to_string(), what })?;
        }
        let sets = mine.iter().map(|set| format!("--set {set}")).collect::<Vec<_>>().join(" ");
        Ok(Some(Edited { text: table.to_string(), sets }))
    }
}

/// A file after the overrides.
struct Edited {
    text: String,
    sets: String,
}

fn label(found: &Found, edited: Option<&Edited>) -> String {
    match edited {
        Some(edited) => format!("{} with {}", found.file, edited.sets),
        None => found.file.clone(),
    }
}

fn parse_edited<T: DeserializeOwned>(found: &Found, edited: Option<&Edited>) -> Result<T, FileError> {
    match edited {
        None => parse(&found.file, &found.text),
        Some(edited) => {
            parse(&label(found, Some(edited)), &edited.text).map_err(|error| FileError { line: None, ..error })
        }
    }
}

/// # Errors
/// When there is no such preset, or its file is broken.
fn load_latency(name: &str) -> Result<Latency, LoadError> {
    let found = find("latency preset", builtin::LATENCIES, name)?;
    let latency: Latency = parse(&found.file, &found.text)?;
    check_schema(&found.file, latency.schema)?;
    Ok(latency)
}
