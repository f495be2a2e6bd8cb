//! What can be asked without firing anything.

use super::desk::Desk;

#[test]
fn help_shows_commands_that_work_as_they_stand() {
    let desk = Desk::new();
    let help = desk.says("--help").exits(0).out;
    assert!(help.contains("bedbench run --rps 50 --profile apac --mock"), "{help}");
    assert!(help.contains("Exit codes: 0 ok"), "{help}");
    let help = desk.says("run --help").exits(0).out;
    assert!(help.contains("bedbench run --rps 3000/min --profile candidates --mock --scenario calm -d 2m"), "{help}");
    assert!(help.contains("--slo 'ttft:p95<900ms'"), "{help}");
}

#[test]
fn no_command_at_all_is_answered_with_the_help() {
    let said = Desk::new().says("").exits(2);
    assert!(said.err.contains("Usage: bedbench") && said.err.contains("profile list"), "{said:#?}");
}

#[test]
fn profiles_are_listed_with_their_routes_and_where_each_is_processed() {
    let list = Desk::new().says("profile list").exits(0).out;
    for part in ["apac", "au", "candidates", "residency: Australia, Singapore", "sydney→singapore  fallback"] {
        assert!(list.contains(part), "no {part} in\n{list}");
    }
    let oregon = list.lines().find(|line| line.contains("oregon")).unwrap();
    assert!(oregon.contains("us. from Oregon") && oregon.contains("(reference)"), "{oregon}");
}

/// Copy, change, pass the path: the way to a profile of one's own.
#[test]
fn what_show_prints_can_be_saved_changed_and_used() {
    let desk = Desk::new();
    let text = desk.says("profile show apac").exits(0).out;
    desk.write("mine.toml", &text.replace("name = \"apac\"", "name = \"mine\""));
    let shown = desk.says("profile show mine.toml").exits(0).out;
    assert!(shown.contains("name = \"mine\"") && shown.contains("sydney→singapore"), "{shown}");
    let said = desk.says("run --rps 1 --mock --profile mine.toml --route nowhere").exits(2);
    assert!(said.error().contains("profile `mine` has no route `nowhere`"), "{said:#?}");
}

#[test]
fn a_profile_with_a_mistake_is_shown_together_with_what_is_wrong() {
    let desk = Desk::new();
    desk.write("broken.toml", "schema = 1\nnamme = \"x\"\n");
    let said = desk.says("profile show broken.toml").exits(2);
    assert!(said.out.contains("namme"), "{said:#?}");
    assert_eq!(said.error(), "error: broken.toml:2: unknown key `namme`; did you mean `name`?");
}

#[cfg(unix)]
#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let desk = Desk::new();
    let mut child = desk.child("profile show apac").stdout(std::process::Stdio::piped()).spawn().unwrap();
    // Closed before the first byte is written, or after: both are fine.
    drop(child.stdout.take());
    assert_eq!(super::desk::end_of(child).code, Some(0));
}
