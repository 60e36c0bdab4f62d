//! The protocols that the binary serves; embedders may, too.

mod echo;
mod logged;
mod mirror;

pub use echo::Echo;
pub use logged::Logged;
pub use mirror::Mirror;
