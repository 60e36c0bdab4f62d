//! `completions` and `man`: what packages install beside the binary.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use clap::Command;
use clap_complete::Shell;

/// Prints the completions for a shell.
///
/// # Errors
/// Standard output takes nothing.
pub(super) fn completions(mut command: Command, shell: Shell) -> io::Result<()> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut command, "ws-service", &mut text);
    io::stdout().write_all(&text)
}

/// Prints the manual page, or writes one for each subcommand into a directory.
///
/// # Errors
/// It can't be written.
pub(super) fn man(command: Command, directory: Option<&Path>) -> io::Result<()> {
    match directory {
        None => clap_mangen::Man::new(command).render(&mut io::stdout()),
        Some(directory) => {
            fs::create_dir_all(directory)?;
            clap_mangen::generate_to(command, directory)
        }
    }
}
