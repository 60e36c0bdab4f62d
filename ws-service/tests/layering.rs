//! Imports run one way: `sul ← shard ← net ← handle ← service ← cli`; `control` reaches the service
//! by its handle, `storm` is a client and knows nothing of the server; `units`, which both `cli` and `storm` parse with,
//! knows nobody.
//!
//! Read from the syntax tree, so that full paths, re-exports and `super::` routes count like `use`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use syn::visit::{self, Visit};

/// Which of the crate's rooms a room may name. The library's own come as `crate::` or, from the
/// binary, as `ws_service::`.
const MAY_NAME: &[(&str, &[&str])] = &[
    ("shard", &["shard"]),
    ("net", &["net", "shard"]),
    ("handle", &["handle", "net", "shard"]),
    ("protocols", &["protocols", "shard"]),
    ("service", &["service", "handle", "net", "shard"]),
    ("units", &["units"]),
    ("storm", &["storm", "units"]),
    (
        "control",
        &[
            "control",
            "units",
            "ws_service::CloseCode",
            "ws_service::CloseKind",
            "ws_service::CodeGroup",
            "ws_service::ConnectionId",
            "ws_service::Deadline",
            "ws_service::Durations",
            "ws_service::Handle",
            "ws_service::Histogram",
            "ws_service::Message",
            "ws_service::PostError",
            "ws_service::Protocol",
            "ws_service::Reply",
            "ws_service::Service",
            "ws_service::ServiceError",
            "ws_service::SocketFile",
            "ws_service::Stats",
            "ws_service::shard::Answer",
            "ws_service::shard::ConnectionFacts",
            "ws_service::shard::DeadlineFacts",
            "ws_service::shard::Filter",
            "ws_service::shard::Page",
            "ws_service::shard::Question",
            "ws_service::shard::ShardId",
        ],
    ),
    ("cli", &["cli", "control", "storm", "units", "ws_service"]),
];

/// What the pure half must not name, whatever clippy's lists catch besides.
const IMPURE: &[&str] = &[
    "mio",
    "socket2",
    "rustix",
    "tokio",
    "tracing",
    "std::fs",
    "std::env",
    "std::process",
    "std::io::stdin",
    "std::io::stdout",
    "std::io::stderr",
    "std::thread",
    "std::time::Instant",
    "std::time::SystemTime",
    "std::net::TcpStream",
    "std::net::TcpListener",
    "std::net::UdpSocket",
    "std::os",
    "std::sync::mpsc",
    "rand",
];

#[test]
fn imports_run_one_way() {
    let mut wrong = Vec::new();
    for (room, allowed) in MAY_NAME {
        for (file, path) in paths_of(room) {
            let is_inner = path.starts_with("crate::") || path.starts_with("ws_service::");
            let named = path.strip_prefix("crate::").unwrap_or(&path);
            if path.contains(AS) {
                wrong.push(format!("{file}: {path} would hide what it names"));
            } else if is_inner && !allowed.iter().any(|it| is_under(named, it)) {
                wrong.push(format!("{file} names {path}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_pure_half_is_pure() {
    let mut wrong = Vec::new();
    for (file, path) in paths_of("shard") {
        if is_impure(&path) {
            wrong.push(format!("{file} names {path}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_room_is_on_the_list() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for entry in fs::read_dir(source).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if !["lib", "main"].contains(&&*name) {
            assert!(MAY_NAME.iter().any(|(room, _)| *room == name), "{name} has no row");
        }
    }
}

/// The test of the test: every route to a forbidden room is seen.
#[test]
fn no_route_is_overlooked() {
    let source = "
        use crate::net::Mailbox;
        pub use super::super::net::clock as time;
        use {std::io, crate::{shard::Mail, handle::{Handle, self}}};
        fn f(x: crate::service::Service) { super::g(); crate::control::run(); }
        macro_rules! m { () => { crate::storm::run() }; }
    ";
    let found = paths_in(source, &["shard", "inner"]);
    for path in [
        "crate::net::Mailbox",
        "crate::net::clock",
        "crate::shard::Mail",
        "crate::handle::Handle",
        "crate::handle",
        "crate::service::Service",
        "crate::shard::g",
        "crate::control::run",
        "crate::storm::run",
    ] {
        assert!(found.contains(path), "{path} not in {found:?}");
    }
}

#[test]
fn globs_and_new_names_hide_nothing() {
    let source = "
        use crate as c;
        use super::super as up;
        use super::{self as s};
        extern crate self as own;
        use super::super::*;
        use ws_service::*;
        use std::net::*;
        use std::{io, net as n};
        fn f() { std::io::stdout(); c::net::run(); n::TcpStream::connect(); }
    ";
    let found = paths_in(source, &["shard", "inner"]);
    for path in ["crate as c", "super::super as up", "super as s", "self as own"] {
        assert!(found.contains(path), "{path} not in {found:?}");
    }
    for path in ["crate::*", "ws_service::*"] {
        assert!(found.contains(path), "{path} not in {found:?}");
    }
    for path in ["std::net::*", "std::net", "std::io", "std::io::stdout"] {
        assert!(found.contains(path) && is_impure(path), "{path} not in {found:?}");
    }
    assert!(!is_impure("std::net::SocketAddr") && !is_impure("std::io::IoSlice"));
}

/// Whether the path names something impure, or a module through which it can be named.
fn is_impure(path: &str) -> bool {
    let all = path.strip_suffix("::*").unwrap_or(path);
    IMPURE.iter().any(|it| is_under(all, it) || is_under(it, all))
}

fn is_under(path: &str, prefix: &str) -> bool {
    path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

/// All paths that a room's files name, with the file.
fn paths_of(room: &str) -> Vec<(String, String)> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&source.join(format!("{room}.rs")), &mut files);
    collect(&source.join(room), &mut files);
    assert!(!files.is_empty(), "{room} has no files");
    let mut found = Vec::new();
    for file in files {
        let relative = file.strip_prefix(&source).unwrap().with_extension("");
        let mut module: Vec<_> =
            relative.iter().map(|part| part.to_str().unwrap().to_owned()).collect();
        module.pop_if(|last| last == "mod");
        let module: Vec<_> = module.iter().map(String::as_str).collect();
        let text = fs::read_to_string(&file).unwrap();
        let name = relative.display().to_string();
        found.extend(paths_in(&text, &module).into_iter().map(|path| (name.clone(), path)));
    }
    found
}

fn collect(path: &Path, files: &mut Vec<std::path::PathBuf>) {
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            collect(&entry.unwrap().path(), files);
        }
    } else if path.is_file() && path.extension().is_some_and(|it| it == "rs") {
        files.push(path.to_owned());
    }
}

fn paths_in(source: &str, module: &[&str]) -> BTreeSet<String> {
    let module = module.iter().map(ToString::to_string).collect();
    let mut paths = Paths { module, found: BTreeSet::new() };
    paths.visit_file(&syn::parse_file(source).unwrap());
    paths.found
}

fn is_route(word: &str) -> bool {
    ["crate", "self", "super"].contains(&word)
}

/// Stands in what is found between `crate`, `self` or `super` and the other name it was given.
const AS: &str = " as ";

/// Collects paths, with `self` and `super` resolved from the module they stand in.
struct Paths {
    module: Vec<String>,
    found: BTreeSet<String>,
}

impl Paths {
    fn add(&mut self, parts: &[String]) {
        let mut at = self.module.clone();
        let mut is_inner = false;
        let mut rest = parts;
        while let [first, tail @ ..] = rest {
            match first.as_str() {
                "crate" => at.clear(),
                "self" => {}
                "super" => {
                    at.pop();
                }
                _ => break,
            }
            is_inner = true;
            rest = tail;
        }
        let root = if is_inner { ["crate".to_owned()].to_vec() } else { Vec::new() };
        let at = if is_inner { at } else { Vec::new() };
        let path: Vec<_> = root.into_iter().chain(at).chain(rest.iter().cloned()).collect();
        self.found.insert(path.join("::"));
    }

    fn tree(&mut self, prefix: &mut Vec<String>, tree: &syn::UseTree) {
        match tree {
            syn::UseTree::Path(path) => {
                prefix.push(path.ident.to_string());
                self.tree(prefix, &path.tree);
                prefix.pop();
            }
            syn::UseTree::Group(group) => {
                group.items.iter().for_each(|tree| self.tree(prefix, tree));
            }
            syn::UseTree::Name(syn::UseName { ident }) if ident == "self" => self.add(prefix),
            syn::UseTree::Rename(syn::UseRename { ident, rename, .. })
                if is_route(&ident.to_string()) && prefix.iter().all(|it| is_route(it)) =>
            {
                let own = (prefix.is_empty() || ident != "self").then(|| ident.to_string());
                let path: Vec<_> = prefix.iter().cloned().chain(own).collect();
                self.found.insert(format!("{}{AS}{rename}", path.join("::")));
            }
            syn::UseTree::Name(syn::UseName { ident })
            | syn::UseTree::Rename(syn::UseRename { ident, .. }) => {
                prefix.push(ident.to_string());
                self.add(prefix);
                prefix.pop();
            }
            syn::UseTree::Glob(_) => {
                prefix.push("*".to_owned());
                self.add(prefix);
                prefix.pop();
            }
        }
    }
}

impl<'ast> Visit<'ast> for Paths {
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.tree(&mut Vec::new(), &item.tree);
    }

    fn visit_item_extern_crate(&mut self, item: &'ast syn::ItemExternCrate) {
        if let Some((_, rename)) = &item.rename {
            self.found.insert(format!("{}{AS}{rename}", item.ident));
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.segments.len() > 1 {
            let parts: Vec<_> = path.segments.iter().map(|it| it.ident.to_string()).collect();
            self.add(&parts);
        }
        visit::visit_path(self, path);
    }

    /// Macros are tokens: what looks like a path in them counts as one.
    fn visit_macro(&mut self, item: &'ast syn::Macro) {
        for word in item.tokens.to_string().replace(" :: ", "::").split_whitespace() {
            if word.contains("::") {
                let parts: Vec<_> = word
                    .split("::")
                    .map(|part| part.trim_matches(|c: char| !c.is_alphanumeric() && c != '_'))
                    .map(ToOwned::to_owned)
                    .collect();
                self.add(&parts);
            }
        }
        visit::visit_macro(self, item);
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        self.module.push(item.ident.to_string());
        visit::visit_item_mod(self, item);
        self.module.pop();
    }
}
