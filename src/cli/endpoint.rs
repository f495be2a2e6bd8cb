//! What `--endpoint` takes: a URL in place of AWS's own. What may hold a secret is refused without being repeated.

use std::ffi::OsStr;

use clap::builder::TypedValueParser;
use clap::error::ErrorKind;
use clap::{Arg, Command, Error};

use crate::core::RegionId;

/// Reads `URL`.
#[derive(Clone)]
pub struct Url;

/// Reads `REGION=URL`.
#[derive(Clone)]
pub struct OfRegion;

impl TypedValueParser for Url {
    type Value = String;

    fn parse_ref(&self, command: &Command, arg: Option<&Arg>, value: &OsStr) -> Result<String, Error> {
        without_secrets(value)?;
        TypedValueParser::parse_ref(&url, command, arg, value)
    }
}

impl TypedValueParser for OfRegion {
    type Value = (RegionId, String);

    fn parse_ref(&self, command: &Command, arg: Option<&Arg>, value: &OsStr) -> Result<Self::Value, Error> {
        without_secrets(value)?;
        TypedValueParser::parse_ref(&of_region, command, arg, value)
    }
}

/// Wherever in it they stand: what is no URL may be a mistyped one.
fn without_secrets(value: &OsStr) -> Result<(), Error> {
    if value.to_string_lossy().contains(['@', '?', '#']) {
        let what = "--endpoint: a URL with a user, a password or a query is not taken: where requests went stands in \
                    every report and every error\n";
        return Err(Error::raw(ErrorKind::ValueValidation, what));
    }
    Ok(())
}

fn of_region(text: &str) -> Result<(RegionId, String), String> {
    let (region, at) = text.split_once('=').ok_or("write it like ap-southeast-2=http://127.0.0.1:7080")?;
    Ok((region.parse()?, url(at)?))
}

fn url(text: &str) -> Result<String, String> {
    if !(text.starts_with("http://") || text.starts_with("https://")) {
        return Err(format!("`{text}` is not a URL; it must start with http:// or https://"));
    }
    Ok(text.trim_end_matches('/').to_owned())
}
