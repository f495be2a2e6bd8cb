//! Just enough of Rust's grammar to see which paths a file names.

/// The words and signs of a file, without comments and tests.
pub struct Source {
    /// Modules from the crate's root to this file.
    module: Vec<String>,
    tokens: Vec<String>,
}

impl Source {
    /// `file` is the path below `src`.
    pub fn new(file: &str, text: &str) -> Self {
        let module = file.trim_end_matches(".rs").split('/').map(str::to_owned);
        let module = module.filter(|part| !["mod", "lib", "main"].contains(&part.as_str())).collect();
        Self { module, tokens: tokens(&without_tests(text)) }
    }

    /// Whether `name` occurs at all.
    pub fn names(&self, name: &str) -> bool {
        self.tokens.iter().any(|token| token == name)
    }

    pub fn calls_macro(&self, name: &str) -> bool {
        self.tokens.windows(2).any(|pair| pair[0] == name && pair[1] == "!")
    }

    /// Whether `function` of a module `module` is named.
    pub fn names_in(&self, module: &str, function: &str) -> bool {
        self.tokens.windows(3).any(|three| three == [module, "::", function])
    }

    /// Every path that starts at `root`, with groups taken apart. For `crate` these are the paths
    /// from the crate's root, `super` resolved; for anything else they begin with `root` itself.
    pub fn paths(&self, root: &str) -> Vec<Vec<String>> {
        let here = if root == "crate" { self.module.clone() } else { Vec::new() };
        let mut found = Vec::new();
        let mut at = 0;
        while at < self.tokens.len() {
            let starts = self.tokens[at] == root || (root == "crate" && self.tokens[at] == "super");
            let continues = at > 0 && self.tokens[at - 1] == "::";
            if starts && !continues {
                self.walk(&mut at, here.clone(), &mut found);
            } else {
                at += 1;
            }
        }
        found
    }

    /// Follows one path from `at`, starting in module `here`; leaves `at` behind it.
    fn walk(&self, at: &mut usize, mut here: Vec<String>, found: &mut Vec<Vec<String>>) {
        loop {
            match self.tokens.get(*at).map(String::as_str) {
                Some("crate") => here.clear(),
                Some("super") => drop(here.pop()),
                Some("self") => {}
                Some("{") => {
                    *at += 1;
                    while self.tokens.get(*at).is_some_and(|token| token != "}") {
                        self.walk(at, here.clone(), found);
                        // Past what ends a branch: a comma, `as name`, a star.
                        while self.tokens.get(*at).is_some_and(|token| token != "," && token != "}") {
                            *at += 1;
                        }
                        *at += usize::from(self.tokens.get(*at).is_some_and(|token| token == ","));
                    }
                    *at += 1;
                    return;
                }
                Some(name) => here.push(name.to_owned()),
                None => return,
            }
            *at += 1;
            if self.tokens.get(*at).is_none_or(|token| token != "::") {
                found.push(here);
                return;
            }
            *at += 1;
        }
    }
}

/// `text` without the items that only tests are compiled with. Relies on rustfmt: such an item
/// ends with a semicolon on its first line, or with a brace in the column where it began.
fn without_tests(text: &str) -> String {
    let mut kept = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line.trim() != "#[cfg(test)]" {
            kept += line;
            kept.push('\n');
            continue;
        }
        let end = format!("{}}}", &line[..line.len() - line.trim_start().len()]);
        let item = lines.by_ref().find(|line| !line.trim_start().starts_with("#["));
        if item.is_some_and(|item| item.ends_with('{')) {
            lines.by_ref().find(|line| *line == end);
        }
    }
    kept
}

/// Identifiers whole, `::` whole, every other sign for itself; comments left out. Strings are not
/// told apart: a forbidden path in one is reported, which is noticed, not missed.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
        let mut rest = line.trim_start();
        while let Some(first) = rest.chars().next() {
            let word = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            let length = match word {
                0 if rest.starts_with("::") => 2,
                0 => first.len_utf8(),
                word => word,
            };
            tokens.push(rest[..length].to_owned());
            rest = rest[length..].trim_start();
        }
    }
    tokens
}
