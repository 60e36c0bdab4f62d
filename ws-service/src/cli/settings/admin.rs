//! Who may administer the service, and by what door.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{ArgAction, Args};
use ws_service::Endpoint;

use crate::cli::serve::Error;
use crate::control::{AdminConfig, Token};

/// Who may administer the service, and by what door.
#[derive(Debug, Clone, Args)]
#[expect(clippy::struct_field_names, reason = "a setting has one name everywhere")]
pub(in crate::cli) struct Admin {
    /// Address for administrators: health, metrics, status page and API; or `off`.
    #[arg(long, value_name = "ADDR", value_parser = door, default_value = "127.0.0.1:9002")]
    admin: Door,
    /// File with the token that whoever comes by that address must know, on one line.
    #[arg(long, value_name = "FILE")]
    admin_token_file: Option<PathBuf>,
    /// Unix socket for administrators, for the user alone that runs the service.
    #[arg(long, value_name = "PATH")]
    admin_socket: Option<PathBuf>,
    /// Keep the path of each connection, to list and filter connections by it: 24 bytes and the path.
    #[arg(long, value_name = "BOOL", action = ArgAction::Set, default_value = "false")]
    pub(super) keep_paths: bool,
}

/// Where administrators come in, if they do.
#[derive(Debug, Clone, Copy)]
struct Door(Option<SocketAddr>);

fn door(text: &str) -> Result<Door, String> {
    if text == "off" {
        return Ok(Door(None));
    }
    let address = text.parse().map(|address| Door(Some(address)));
    address.map_err(|_| {
        "must be an address and a port, such as 127.0.0.1:9002 or [::1]:9002, or off".to_owned()
    })
}

impl Admin {
    /// Where administrators come in.
    pub(in crate::cli) fn endpoints(&self) -> impl Iterator<Item = Endpoint> {
        let address = self.admin.0.map(Endpoint::Inet);
        address.into_iter().chain(self.admin_socket.clone().map(Endpoint::Unix))
    }

    /// Reads the token, if there is to be one.
    pub(in crate::cli) fn config(&self) -> Result<AdminConfig, Error> {
        let token = |path: &PathBuf| {
            Token::read(path).map_err(|error| Error::Token { path: path.clone(), error })
        };
        Ok(AdminConfig {
            address: self.admin.0,
            is_optional: false,
            socket: self.admin_socket.clone(),
            token: self.admin_token_file.as_ref().map(token).transpose()?,
        })
    }
}
