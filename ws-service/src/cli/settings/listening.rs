//! Where the service is to be found, and by whom.

use clap::Args;
use ws_service::{Endpoint, Origins};

use crate::units::number;

/// Where the service is to be found, and by whom.
#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct Listening {
    /// Address to listen on, or unix: with the path of a Unix socket; may be given several times. Port 0
    /// means any free one.
    #[arg(long, value_name = "ADDR", value_delimiter = ',', value_parser = endpoint, default_value = "127.0.0.1:9001")]
    pub(in crate::cli) listen: Vec<Endpoint>,
    /// Service threads [default: one for each core].
    #[arg(long, value_name = "N", value_parser = number::<usize, 1, 65_535>)]
    pub(in crate::cli) threads: Option<usize>,
    /// Origin whose pages may connect, as a browser writes it, or `*` for any; may be given several
    /// times [default: pages of the host and port that is connected to].
    #[arg(long, value_name = "ORIGIN", value_delimiter = ',')]
    pub(in crate::cli) origin: Vec<Box<str>>,
}

impl Listening {
    pub(super) fn origins(&self) -> Origins {
        match self.origin.as_slice() {
            [] => Origins::SameHost,
            all if all.iter().any(|it| &**it == "*") => Origins::Any,
            list => Origins::List(list.to_vec()),
        }
    }
}

fn endpoint(text: &str) -> Result<Endpoint, String> {
    text.parse().map_err(|_| {
        "must be an address and a port, such as 127.0.0.1:9001 or [::1]:9001, or a path behind unix:"
            .to_owned()
    })
}
