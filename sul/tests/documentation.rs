//! Every public item has an example, read from the syntax tree: none can be added without one.

use std::fs;
use std::path::{Path, PathBuf};

use syn::visit::{self, Visit};
use syn::{Attribute, Expr, ExprLit, Lit, Meta, Visibility};

/// What has no example, of all that has been visited.
#[derive(Default)]
struct Examples {
    seen: usize,
    missing: Vec<String>,
}

impl Examples {
    fn check(&mut self, name: &str, attributes: &[Attribute]) {
        self.seen += 1;
        if !attributes.iter().filter_map(doc).any(|line| line.contains("```")) {
            self.missing.push(name.to_owned());
        }
    }
}

/// The line that a documentation comment stands for.
fn doc(attribute: &Attribute) -> Option<String> {
    match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
            Expr::Lit(ExprLit { lit: Lit::Str(line), .. }) => Some(line.value()),
            _ => None,
        },
        _ => None,
    }
}

fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

impl<'ast> Visit<'ast> for Examples {
    fn visit_item_struct(&mut self, item: &'ast syn::ItemStruct) {
        if is_public(&item.vis) {
            self.check(&item.ident.to_string(), &item.attrs);
        }
    }

    fn visit_item_enum(&mut self, item: &'ast syn::ItemEnum) {
        if is_public(&item.vis) {
            self.check(&item.ident.to_string(), &item.attrs);
        }
    }

    fn visit_item_trait(&mut self, item: &'ast syn::ItemTrait) {
        if is_public(&item.vis) {
            self.check(&item.ident.to_string(), &item.attrs);
        }
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        if is_public(&item.vis) {
            self.check(&item.sig.ident.to_string(), &item.attrs);
        }
    }

    fn visit_item_const(&mut self, item: &'ast syn::ItemConst) {
        if is_public(&item.vis) {
            self.check(&item.ident.to_string(), &item.attrs);
        }
    }

    fn visit_item_type(&mut self, item: &'ast syn::ItemType) {
        if is_public(&item.vis) {
            self.check(&item.ident.to_string(), &item.attrs);
        }
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        if is_public(&item.vis) {
            self.check(&item.sig.ident.to_string(), &item.attrs);
        }
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_impl_item_const(&mut self, item: &'ast syn::ImplItemConst) {
        if is_public(&item.vis) {
            self.check(&item.ident.to_string(), &item.attrs);
        }
    }
}

fn sources(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).expect("the sources can be read");
    entries
        .map(|entry| entry.expect("a directory entry").path())
        .flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] })
        .collect()
}

fn parse(path: &Path) -> syn::File {
    let text = fs::read_to_string(path).expect("a source can be read");
    syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn every_public_item_has_an_example() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut examples = Examples::default();
    for path in sources(&src) {
        examples.visit_file(&parse(&path));
    }
    for module in ["lib.rs", "retry.rs", "sync/mod.rs"] {
        examples.check(module, &parse(&src.join(module)).attrs);
    }
    assert_eq!(examples.missing, Vec::<String>::new());
    assert!(examples.seen > 50, "only {} public items were found", examples.seen);
}
