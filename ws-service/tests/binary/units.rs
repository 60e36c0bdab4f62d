//! The units that the packages install, as systemd judges them.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::documents::blocks;
use crate::tool;

const OPERATING: &str = include_str!("../../../docs/operating.md");

const SOCKET: &str = "socket/ws-service.socket";

/// What systemd has against the units, the service's with a drop-in.
fn verify(drop_in: &str) -> String {
    let packaging = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging");
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(directory.path().join(name), text).unwrap();
    let unit = fs::read_to_string(packaging.join("ws-service.service")).unwrap();
    // It looks whether the program is there.
    let unit = unit.replace("/usr/bin/ws-service", env!("CARGO_BIN_EXE_ws-service"));
    write("ws-service.service", &unit);
    write("ws-service.socket", &fs::read_to_string(packaging.join(SOCKET)).unwrap());
    fs::create_dir(directory.path().join("ws-service.service.d")).unwrap();
    write("ws-service.service.d/override.conf", drop_in);
    let mut analyze = Command::new("systemd-analyze");
    analyze.args(["verify", "--man=no", "--recursive-errors=yes"]);
    analyze.args(["ws-service.service", "ws-service.socket"].map(|it| directory.path().join(it)));
    let output = analyze.output().unwrap();
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn systemd_takes_the_units_and_what_the_documents_add() {
    if tool::is_missing("systemd-analyze", Command::new("systemd-analyze").arg("--version")) {
        return;
    }
    assert_eq!(verify(""), "");
    let drop_ins = blocks(OPERATING, "systemd");
    assert!(!drop_ins.is_empty());
    for drop_in in drop_ins {
        assert_eq!(verify(drop_in), "", "{drop_in}");
    }
    assert_ne!(verify("[Service]\nLimitNOFILES=1\n"), "", "it judges");
}
