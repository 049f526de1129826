//! What the command says of itself. `UPDATE_EXPECT=1 cargo test -p antiphon-cli help` writes the
//! snapshots anew.

use expect_test::{ExpectFile, expect_file};

use super::support::{bare, done, stdout};

fn check(args: &[&str], expect: &ExpectFile) {
    expect.assert_eq(&stdout(&done(bare(args))));
}

#[test]
fn every_command_explains_itself() {
    check(&["--help"], &expect_file!["help/antiphon.txt"]);
    check(&["demo", "--help"], &expect_file!["help/demo.txt"]);
    check(&["demo", "-h"], &expect_file!["help/demo-short.txt"]);
    check(&["chat", "--help"], &expect_file!["help/chat.txt"]);
    check(&["test", "--help"], &expect_file!["help/test.txt"]);
    check(&["config", "--help"], &expect_file!["help/config.txt"]);
    check(&["config", "show", "--help"], &expect_file!["help/config-show.txt"]);
    check(&["models", "--help"], &expect_file!["help/models.txt"]);
    check(&["models", "list", "--help"], &expect_file!["help/models-list.txt"]);
    check(&["models", "fetch", "--help"], &expect_file!["help/models-fetch.txt"]);
    check(&["models", "verify", "--help"], &expect_file!["help/models-verify.txt"]);
    check(&["models", "path", "--help"], &expect_file!["help/models-path.txt"]);
    check(&["replay", "--help"], &expect_file!["help/replay.txt"]);
}
