//! The manual pages and the completions, made from the same definitions as the help.

use super::desk::Desk;

/// As the help lists them, `help` itself left out.
fn commands(desk: &Desk) -> Vec<String> {
    let help = desk.says("--help").exits(0).out;
    let (_, list) = help.split_once("Commands:\n").expect("the help lists commands");
    let (list, _) = list.split_once("\n\n").expect("and then other things");
    let names = list.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    names.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help").map(str::to_owned).collect()
}

#[test]
fn every_command_has_a_manual_page_with_its_flags_and_an_example() {
    let desk = Desk::new();
    desk.says("man pages").exits(0);
    let index = desk.read("pages/bedbench.1");
    let commands = commands(&desk);
    assert!(commands.len() >= 15, "{commands:?}");
    for command in &commands {
        assert!(index.contains(&format!("bedbench\\-{command}(1)")), "bedbench.1 does not name {command}");
        let page = desk.read(&format!("pages/bedbench-{command}.1"));
        assert!(page.contains(&format!("bedbench {command}")), "no example of {command}\n{page}");
    }
    let run = desk.read("pages/bedbench-run.1");
    assert!(run.contains(".SH EXAMPLES\n.nf\n"), "examples keep their lines");
    assert!(run.contains("\\-\\-concurrency") && run.contains("Possible values"), "{run}");
    assert!(desk.path("pages/bedbench-profile-check.1").is_file(), "commands of commands have pages too");
    assert!(!index.contains("bedbench\\-help(1)"), "there is no such page");
}

#[test]
fn without_a_folder_the_first_page_is_printed() {
    let desk = Desk::new();
    let said = desk.says("man").exits(0);
    assert!(said.out.contains(".TH bedbench 1"), "{said:#?}");
    assert!(said.out.contains("bedbench\\-run(1)"), "{said:#?}");
}

#[test]
fn a_folder_for_pages_that_cannot_be_made_is_named() {
    let desk = Desk::new();
    desk.write("file", "");
    let said = desk.says("man file/pages").exits(1);
    assert!(said.error().starts_with("error: cannot write file/pages: "), "{said:#?}");
}

#[test]
fn completions_of_every_shell_name_every_command() {
    let desk = Desk::new();
    let commands = commands(&desk);
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = desk.says(&format!("completions {shell}")).exits(0).out;
        for command in &commands {
            assert!(script.contains(command.as_str()), "{shell} does not complete {command}");
        }
        assert!(script.contains("endpoint-credentials"), "{shell} does not complete flags");
    }
}
