//! Links between the documents lead somewhere.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn documents() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut documents: Vec<_> = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"].map(|name| root.join(name)).to_vec();
    let docs = fs::read_dir(root.join("docs")).unwrap().map(|entry| entry.unwrap().path());
    documents.extend(docs.filter(|path| path.extension().is_some_and(|end| end == "md")));
    documents
}

/// Text outside of code blocks: in them nothing is a heading.
fn prose(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.split("```").step_by(2).collect()
}

/// As GitHub makes them from headings.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
    let anchor = |heading: &str| heading.trim_start_matches('#').trim().to_lowercase().chars().filter(kept).collect();
    headings.map(|heading| -> String { anchor(heading) }).map(|anchor| anchor.replace(' ', "-")).collect()
}

#[test]
fn every_link_between_documents_leads_somewhere() {
    let mut broken = Vec::new();
    for document in documents() {
        let text = prose(&document);
        for target in text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target) {
            if target.starts_with("http") {
                continue;
            }
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            let path = if file.is_empty() { document.clone() } else { document.with_file_name(file) };
            let there = path.exists() && (anchor.is_empty() || anchors(&prose(&path)).contains(anchor));
            if !there {
                broken.push(format!("{}: {target}", document.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

/// The kinds of message are named once, by a word that can stand in a message.
#[test]
fn every_kind_of_message_has_a_name_of_its_own_and_a_way_out() {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/troubleshooting.md")).unwrap();
    let kinds: Vec<_> = text.split("\n## ").skip(1).map(|section| section.split_once('\n').unwrap()).collect();
    let names: BTreeSet<_> = kinds.iter().map(|(name, _)| *name).collect();
    assert_eq!(names.len(), kinds.len(), "a name is used twice");
    for (name, section) in kinds {
        assert!(name.chars().all(|c| c.is_ascii_lowercase() || c == '-'), "`{name}` is no slug");
        // A kind with several causes lists them in a table.
        let explained = section.contains("**Why**") && (section.contains("**Way") || section.contains("\n|---|"));
        assert!(section.contains("\n> ") && explained, "`{name}` explains nothing");
    }
}
