//! How the page looks: system type, one accent per meaning, light and dark, screen and paper.

pub const SHEET: &str = include_str!("page.css");
