//! A copy of a profile with measured numbers in it; comments and order stay as they are.

use toml_edit::{Array, ArrayOfTables, DocumentMut, InlineTable, Item, Table, Value, value};

use super::schema::QuotaFile;
use super::toml_file::FileError;
use crate::core::RegionId;
use crate::core::units::Span;

/// Times of a Region, as a profile has them.
#[derive(Clone, Debug)]
pub struct Measured {
    pub region: RegionId,
    /// `rtt`, `ttft` or `tpot`.
    pub what: &'static str,
    /// By key: `value` and `jitter` of `rtt`, percentiles of the others.
    pub times: Vec<(&'static str, Span)>,
    pub source: String,
    /// YYYY-MM-DD.
    pub date: String,
}

/// `text` with these times in place of what it says of them. `file` is what errors call it.
///
/// # Errors
/// When `text` is no TOML, or its `region` is not a list of tables.
pub fn with_measured(file: &str, text: &str, measured: &[Measured]) -> Result<String, FileError> {
    let mut document = parsed(file, text)?;
    for found in measured {
        let table = region(file, &mut document, found.region)?;
        table.insert(found.what, Item::Value(Value::InlineTable(inline(found))));
    }
    Ok(document.to_string())
}

/// The same for all quotas of a Region.
///
/// # Errors
/// As above.
pub fn with_quotas(file: &str, text: &str, of: RegionId, quotas: &[QuotaFile]) -> Result<String, FileError> {
    let mut document = parsed(file, text)?;
    let mut list = Array::new();
    for quota in quotas {
        let written = toml::Value::try_from(quota).expect("a quota is plain data").to_string();
        let mut value: Value = written.parse().expect("what toml writes is TOML");
        value.decor_mut().set_prefix("\n  ");
        list.push_formatted(value);
    }
    list.set_trailing("\n");
    list.set_trailing_comma(true);
    region(file, &mut document, of)?.insert("quota", Item::Value(Value::Array(list)));
    Ok(document.to_string())
}

fn parsed(file: &str, text: &str) -> Result<DocumentMut, FileError> {
    text.parse().map_err(|error| FileError::new(file, format!("{error}")))
}

/// The table of a Region, made where there is none.
fn region<'a>(file: &str, document: &'a mut DocumentMut, of: RegionId) -> Result<&'a mut Table, FileError> {
    let regions = document.entry("region").or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()));
    let regions = regions
        .as_array_of_tables_mut()
        .ok_or_else(|| FileError::new(file, "`region` is written inline; write it as [[region]] tables"))?;
    let code = of.code();
    let is_it = |table: &Table| table.get("code").and_then(Item::as_str) == Some(code);
    if !regions.iter().any(is_it) {
        let mut table = Table::new();
        table.insert("code", value(code));
        regions.push(table);
    }
    Ok(regions.iter_mut().find(|table| is_it(table)).expect("it is there or was pushed"))
}

fn inline(found: &Measured) -> InlineTable {
    let mut table = InlineTable::new();
    for (key, span) in &found.times {
        // Rounded up: what stands on a floor must not fall below it.
        table.insert(*key, format!("{}us", span.0.as_nanos().div_ceil(1_000)).into());
    }
    table.insert("source", found.source.as_str().into());
    table.insert("date", found.date.as_str().into());
    table
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::profile::{Kind, Loader, text_of};

    const JITTER: Span = Span(Duration::from_micros(250));

    fn rtt(region: RegionId, micros: u64) -> Measured {
        Measured {
            region,
            what: "rtt",
            times: vec![("value", Span(Duration::from_micros(micros))), ("jitter", JITTER)],
            source: "bedbench probe, \"quoted\"".into(),
            date: "2026-11-23".into(),
        }
    }

    fn known(text: &str, region: RegionId) -> (Span, Span, String) {
        let profile = Loader::built_in().unwrap().parse_profile("copy.toml", text).unwrap();
        let region = profile.regions.into_iter().find(|known| known.code == region).unwrap();
        let rtt = region.rtt.unwrap().into_inner();
        (rtt.value, rtt.jitter, rtt.source)
    }

    #[test]
    fn a_profile_without_regions_gets_them_and_stays_what_it_was() {
        let text = text_of(Kind::Profile, "apac").unwrap();
        let singapore = "ap-southeast-1".parse().unwrap();
        let measured = [rtt(RegionId::SYDNEY, 800), rtt(singapore, 93_456)];
        let copy = with_measured("apac", &text, &measured).unwrap();
        assert!(copy.starts_with(text.trim_end()), "{copy}");
        for rtt in &measured {
            assert_eq!(known(&copy, rtt.region), (rtt.times[0].1, JITTER, rtt.source.clone()));
        }
        let again = with_measured("apac", &copy, &[rtt(singapore, 95_000)]).unwrap();
        assert_eq!(known(&again, singapore).0, Span(Duration::from_millis(95)));
        assert_eq!(again.lines().count(), copy.lines().count(), "it is replaced, not added");
    }

    #[test]
    fn an_rtt_of_any_shape_is_replaced_and_comments_stay() {
        let text = text_of(Kind::Profile, "apac").unwrap();
        for own in [
            "[[region]]\ncode = \"ap-southeast-1\" # ours\nrtt = { value = \"99ms\", source = \"a\", date = \"2026-01-01\" }\n",
            "[[region]]\ncode = \"ap-southeast-1\" # ours\n[region.rtt]\nvalue = \"99ms\"\nsource = \"a\"\ndate = \"2026-01-01\"\n",
            "[[region]]\ncode = \"ap-southeast-1\" # ours\nname = \"Singapore\"\n",
        ] {
            let singapore = "ap-southeast-1".parse().unwrap();
            let copy = with_measured("mine", &format!("{text}\n{own}"), &[rtt(singapore, 93_000)]).unwrap();
            assert_eq!(known(&copy, singapore).0, Span(Duration::from_millis(93)), "{copy}");
            assert!(copy.contains("# ours"), "{copy}");
        }
    }

    #[test]
    fn quotas_are_replaced_as_a_whole_and_read_back() {
        let loader = Loader::built_in().unwrap();
        let text = text_of(Kind::Profile, "apac").unwrap();
        let profile = loader.profile("apac").unwrap();
        let of = |profile: &crate::profile::Profile| {
            let region = profile.regions.iter().find(|region| region.code == RegionId::SYDNEY).unwrap();
            region.quota.clone().unwrap()
        };
        let mut quotas = of(&profile);
        quotas[0].requests_per_minute = Some(118.5);
        quotas[0].source = "fitted, \"quoted\"".into();
        let copy = with_quotas("apac", &text, RegionId::SYDNEY, &quotas).unwrap();
        let read = of(&loader.parse_profile("copy.toml", &copy).unwrap());
        assert_eq!(read.len(), quotas.len());
        assert_eq!((read[0].requests_per_minute, &read[0].source), (Some(118.5), &quotas[0].source), "{copy}");
        assert_eq!((read[0].tokens_per_minute, read[0].burst), (quotas[0].tokens_per_minute, quotas[0].burst));
    }

    #[test]
    fn what_cannot_be_edited_is_refused() {
        assert!(with_measured("mine.toml", "schema = ", &[]).is_err());
        let found = [rtt(RegionId::SYDNEY, 800)];
        let said = with_measured("mine.toml", "region = 5", &found).unwrap_err().to_string();
        assert!(said.starts_with("mine.toml: `region`"), "{said}");
    }
}
