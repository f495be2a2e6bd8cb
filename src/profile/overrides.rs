//! Single values from the command line, over what the files say: `--set region.singapore.rtt.value=95ms`.

use std::fmt;
use std::str::FromStr;

use toml::{Table, Value};

use super::load::{Kind, in_place_of};
use crate::core::RegionId;

/// One `--set PATH=VALUE`. Elements of lists are named by their `name` or `code`, or counted from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct Override {
    path: Vec<String>,
    value: String,
    /// Today, for the numbers that it changes.
    date: String,
}

/// Where else a value can be.
const PREFIXES: &str = "These are of the profile; elsewhere a value is `workload.…`, `scenario.…` or `pattern.…`";

impl FromStr for Override {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let example = "write it like region.ap-southeast-1.rtt.value=95ms or workload.max_tokens=512";
        let (path, value) = text.split_once('=').ok_or(example)?;
        let path: Vec<_> = path.trim().split('.').map(str::to_owned).collect();
        if path.iter().any(String::is_empty) {
            return Err(example.to_owned());
        }
        Ok(Self { path, value: value.trim().to_owned(), date: String::new() })
    }
}

impl fmt::Display for Override {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.path.join("."), self.value)
    }
}

impl Override {
    /// As of `date`, which every number that it changes carries from here on.
    #[must_use]
    pub fn on(self, date: &str) -> Self {
        Self { date: date.to_owned(), ..self }
    }

    /// Which file the path goes into.
    pub fn kind(&self) -> Kind {
        match self.path[0].as_str() {
            "workload" => Kind::Workload,
            "scenario" => Kind::Scenario,
            "pattern" => Kind::Pattern,
            _ => Kind::Profile,
        }
    }

    /// Adds to what is `wrong` with a profile where the path may have been meant for another file.
    pub fn explain(&self, wrong: &str) -> Option<String> {
        let unknown = format!("unknown key `{}`; possible here", self.path[0]);
        (self.kind() == Kind::Profile && wrong.starts_with(&unknown)).then(|| format!("{wrong}. {PREFIXES}"))
    }

    /// Changes `file`. `base` is the built-in model of a Region of which the file says nothing yet.
    ///
    /// # Errors
    /// When the path leads nowhere.
    pub fn apply(&self, file: &mut Table, base: &dyn Fn(RegionId) -> Option<Table>) -> Result<(), String> {
        if let ["profile", rest @ ..] = &self.path.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            return Err(format!("what is in the profile has no prefix; write {}={}", rest.join("."), self.value));
        }
        let path = if self.kind() == Kind::Profile { &self.path[..] } else { &self.path[1..] };
        let Some((last, parents)) = path.split_last() else {
            return Err(format!("`{}` is a whole file; name a value in it", self.path[0]));
        };
        if let [first, region, part, ..] = path
            && first == "region"
        {
            adopt(file, region, part, base)?;
        }
        // The numbers nearest to a `source` are what it speaks of.
        let mut sourced = None;
        let mut place = Place::Table(file);
        for (depth, step) in parents.iter().enumerate() {
            if place.table().is_some_and(|table| table.contains_key("source")) {
                sourced = Some(depth);
            }
            place = place.step(step).map_err(|wrong| match depth {
                0 if self.kind() == Kind::Profile => format!("{wrong}. {PREFIXES}"),
                _ => wrong,
            })?;
        }
        if place.table().is_some_and(|table| table.contains_key("source")) {
            sourced = Some(parents.len());
        }
        place.set(last, value_of(&self.value))?;
        if let Some(depth) = sourced {
            let mut place = Place::Table(file);
            for step in &parents[..depth] {
                place = place.step(step)?;
            }
            if let Some(table) = place.table() {
                let old = table.get("source").and_then(Value::as_str).unwrap_or_default();
                let source = format!("{old}; --set {self}");
                table.insert("source".into(), source.into());
                table.insert("date".into(), self.date.clone().into());
            }
        }
        Ok(())
    }
}

/// Puts the built-in `part` of a Region's model into a file that has none, so that one number of it
/// can be changed.
fn adopt(file: &mut Table, region: &str, part: &str, base: &dyn Fn(RegionId) -> Option<Table>) -> Result<(), String> {
    let code = region_of(region).ok_or_else(|| {
        let places = RegionId::all().map(|region| region.name().to_lowercase());
        // A name with a dot would be two steps of the path.
        let places = places.filter(|place| !place.contains('.'));
        let names: Vec<_> = places.chain(RegionId::all().map(|region| region.code().to_owned())).collect();
        let there = in_place_of(&region.to_lowercase(), "There are", names.iter().map(String::as_str));
        format!("there is no Region `{region}`{there}")
    })?;
    let regions = file.entry("region").or_insert_with(|| Value::Array(Vec::new()));
    let Value::Array(regions) = regions else { return Ok(()) };
    if !regions.iter().any(|known| names(known, region)) {
        let mut own = Table::new();
        own.insert("code".into(), code.code().into());
        regions.push(own.into());
    }
    let own = regions.iter_mut().find(|known| names(known, region)).and_then(Value::as_table_mut);
    if let (Some(own), Some(part_of_base)) = (own, base(code).and_then(|base| base.get(part).cloned())) {
        own.entry(part).or_insert(part_of_base);
    }
    Ok(())
}

/// By code, or by the name of the place.
fn region_of(name: &str) -> Option<RegionId> {
    RegionId::all().find(|region| region.code() == name || region.name().eq_ignore_ascii_case(name))
}

/// Whether `step` of a path means this element of a list.
fn names(element: &Value, step: &str) -> bool {
    let text = |key: &str| element.get(key).and_then(Value::as_str);
    text("name") == Some(step)
        || text("code").is_some_and(|code| code == step || region_of(step).is_some_and(|region| region.code() == code))
}

/// A number, a list or whatever else TOML can read; text otherwise.
fn value_of(text: &str) -> Value {
    let read = toml::from_str::<Table>(&format!("value = {text}"));
    read.ok().and_then(|mut table| table.remove("value")).unwrap_or_else(|| text.into())
}

/// A value as it was typed.
fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Where a path has led so far.
enum Place<'a> {
    Table(&'a mut Table),
    List(&'a mut Vec<Value>),
}

impl<'a> Place<'a> {
    fn table(&mut self) -> Option<&mut Table> {
        match self {
            Self::Table(table) => Some(table),
            Self::List(_) => None,
        }
    }

    fn step(self, step: &str) -> Result<Self, String> {
        let known = self.known();
        let found = match self {
            Self::Table(table) => table.get_mut(step),
            Self::List(list) => match list.iter().position(|element| names(element, step)) {
                Some(position) => list.get_mut(position),
                None => step.parse::<usize>().ok().and_then(|position| list.get_mut(position)),
            },
        };
        match found {
            Some(Value::Table(table)) => Ok(Self::Table(table)),
            Some(Value::Array(list)) => Ok(Self::List(list)),
            Some(_) => Err(format!("`{step}` has no parts")),
            None => Err(nothing_named(step, &known)),
        }
    }

    fn set(self, key: &str, value: Value) -> Result<(), String> {
        let known = self.known();
        match self {
            Self::Table(table) => {
                match table.get(key) {
                    Some(Value::Table(parts)) if !value.is_table() => {
                        let parts: Vec<_> = parts.keys().map(String::as_str).collect();
                        return Err(format!("`{key}` has parts; set one of them: {}", parts.join(", ")));
                    }
                    Some(Value::Array(_)) if !value.is_array() => {
                        return Err(format!("`{key}` is a list; write it like {key}=[\"{}\"]", text(&value)));
                    }
                    _ => {}
                }
                table.insert(key.to_owned(), value);
                Ok(())
            }
            Self::List(list) => {
                let element = key.parse::<usize>().ok().and_then(|position| list.get_mut(position));
                *element.ok_or_else(|| nothing_named(key, &known))? = value;
                Ok(())
            }
        }
    }

    fn known(&self) -> Vec<String> {
        match self {
            Self::Table(table) => table.keys().cloned().collect(),
            Self::List(list) => list
                .iter()
                .enumerate()
                .map(|(i, element)| {
                    let name = element.get("name").or_else(|| element.get("code")).and_then(Value::as_str);
                    name.map_or_else(|| i.to_string(), str::to_owned)
                })
                .collect(),
        }
    }
}

fn nothing_named(step: &str, known: &[String]) -> String {
    format!("there is no `{step}`{}", in_place_of(step, "There are", known.iter().map(String::as_str)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"
residency = ["Australia"]
source = "the file"
date = "2026-01-01"

[[route]]
name = "home"
targets = [{ region = "ap-southeast-2", model = "a" }]

[[region]]
code = "ap-southeast-1"
rtt = { value = "92ms", source = "assumption", date = "2026-01-01" }
"#;

    fn after(set: &str) -> Result<Table, String> {
        let mut file: Table = toml::from_str(FILE).unwrap();
        let built_in = |_| toml::from_str("slots = { n = 5, source = \"built in\" }\nqueue = 7").ok();
        set.parse::<Override>()?.on("2026-11-23").apply(&mut file, &built_in)?;
        Ok(file)
    }

    #[test]
    fn a_value_is_changed_and_says_where_it_comes_from() {
        for set in ["region.ap-southeast-1.rtt.value=95ms", "region.singapore.rtt.value=95ms"] {
            let file = after(set).unwrap();
            let rtt = &file["region"][0]["rtt"];
            assert_eq!(rtt["value"].as_str(), Some("95ms"));
            assert_eq!(rtt["source"].as_str(), Some(&*format!("assumption; --set {set}")));
            assert_eq!(rtt["date"].as_str(), Some("2026-11-23"));
        }
        let file = after("route.home.targets.0.model=b").unwrap();
        assert_eq!(file["route"][0]["targets"][0]["model"].as_str(), Some("b"));
        let file = after(r#"residency=["Australia", "Japan"]"#).unwrap();
        assert_eq!(file["residency"].as_array().map(Vec::len), Some(2));
    }

    #[test]
    fn a_region_that_the_file_leaves_alone_is_taken_from_the_built_in_model() {
        let file = after("region.oregon.slots.n=9").unwrap();
        let oregon = &file["region"][1];
        assert_eq!(oregon["code"].as_str(), Some("us-west-2"));
        assert_eq!(oregon["slots"]["n"].as_integer(), Some(9));
        assert!(oregon.get("queue").is_none(), "only what is changed is taken over");
    }

    #[test]
    fn a_path_that_leads_nowhere_is_answered_with_what_there_is() {
        let said = after("route.hme.cooldown=1s").unwrap_err();
        assert_eq!(said, "there is no `hme`; did you mean `home`? There are home");
        assert!(after("region.mars.rtt.value=1ms").unwrap_err().contains("no Region `mars`. There are sydney, "));
        let said = after("region.singapur.rtt.value=1ms").unwrap_err();
        assert!(said.contains("did you mean `singapore`?") && said.contains("ap-southeast-1"), "{said}");
        assert!(after("foo.bar=1").unwrap_err().contains("`workload.…`"));
        let said = after("profile.residency=Singapore").unwrap_err();
        assert!(said.contains("write residency=Singapore"), "{said}");
        assert!(after("nothing").unwrap_err().contains("write it like"));
        assert!(after("a..b=1").unwrap_err().contains("write it like"));
        assert!(after("workload=1").unwrap_err().contains("whole file"));
        assert!(after("source.deep=1").unwrap_err().contains("has no parts"));
        let said = after("region.singapore.rtt=95ms").unwrap_err();
        assert_eq!(said, "`rtt` has parts; set one of them: date, source, value");
        assert_eq!(after("residency=Japan").unwrap_err(), "`residency` is a list; write it like residency=[\"Japan\"]");
    }
}
